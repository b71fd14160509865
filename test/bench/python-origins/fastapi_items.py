"""The items origin as an ASGI application: FastAPI, with a pooled asynchronous httpx client."""

import asyncio
import os

import httpx
from fastapi import FastAPI, HTTPException, Path, Query
from fastapi.responses import JSONResponse

INSTANCE = os.environ["INSTANCE"]
CONNECTIONS = int(os.environ["PARTNER_CONNECTIONS"])
FEED_CONCURRENCY = int(os.environ.get("FEED_CONCURRENCY", "16"))

app = FastAPI(openapi_url=None)
partner = httpx.AsyncClient(
    base_url=os.environ["PARTNER_URL"],
    limits=httpx.Limits(
        max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS
    ),
    timeout=float(os.environ["PARTNER_TIMEOUT_S"]),
    headers={"accept": "application/json"},
    # Nothing of the environment, such as proxies, is looked up.
    trust_env=False,
)


async def read_part(path):
    """The JSON at `path`, and why there is none."""
    try:
        answer = await partner.get(path)
    except httpx.HTTPError as error:
        return None, {"reason": "unreachable", "message": str(error)}
    if answer.status_code != 200:
        return None, {
            "reason": "status",
            "status": answer.status_code,
            "message": path,
        }
    return answer.json(), None


@app.get("/items/{item_id}")
async def item(item_id: int = Path(ge=1)):
    (post, post_failure), (comments, comments_failure) = await asyncio.gather(
        read_part(f"/posts/{item_id}"), read_part(f"/posts/{item_id}/comments")
    )
    if post_failure and post_failure.get("status") == 404:
        raise HTTPException(404)
    if post_failure and comments_failure:
        raise HTTPException(502)
    failures = {"post": post_failure, "comments": comments_failure}
    missing = [{"part": part, **why} for part, why in failures.items() if why]
    # A response of one's own is sent as it is, without the detour through a model.
    return JSONResponse(
        {
            "id": item_id,
            "post": post,
            "comments": comments,
            "partial": bool(missing),
            "missing": missing,
            "servedBy": INSTANCE,
        }
    )


@app.get("/feed")
async def feed(
    count: int = Query(default=100, ge=1, le=100),
    first: int = Query(default=1, ge=1, alias="from"),
):
    turns = asyncio.Semaphore(FEED_CONCURRENCY)

    async def read_post(post_id):
        async with turns:
            return await read_part(f"/posts/{post_id}")

    ids = range(first, first + count)
    found = await asyncio.gather(*(read_post(post_id) for post_id in ids))
    items = [{"id": i, "post": post} for i, (post, why) in zip(ids, found) if not why]
    missing = [{"part": f"posts/{i}", **why} for i, (_, why) in zip(ids, found) if why]
    if not items:
        raise HTTPException(502)
    return JSONResponse(
        {
            "count": count,
            "items": items,
            "partial": bool(missing),
            "missing": missing,
            "servedBy": INSTANCE,
        }
    )


@app.get("/health")
async def health():
    return JSONResponse({"status": "ok"})


@app.on_event("shutdown")
async def close():
    await partner.aclose()
