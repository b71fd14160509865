"""Requests that wait for a slow partner: FastAPI with a pooled asynchronous httpx client."""

import gc
import os

import httpx
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, Response

CONNECTIONS = int(os.environ["PARTNER_CONNECTIONS"])

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


@app.get("/{kind}/{source}/{number}")
async def wait(kind: str, source: str, number: str):
    answer = await partner.get(f"/{kind}/{source}/{number}")
    answer.raise_for_status()
    return PlainTextResponse(answer.json()["target"])


@app.get("/collect")
async def collect():
    """Frees what is garbage, before memory is read."""
    gc.collect()
    return Response(status_code=204)


@app.get("/health")
async def health():
    return PlainTextResponse("ok")


@app.on_event("shutdown")
async def close():
    await partner.aclose()
