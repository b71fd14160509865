"""The items origin as a WSGI application: Falcon, with urllib3 made cooperative by gevent.

Run by gunicorn's gevent worker, which patches sockets before this module is imported.
"""

import json
import os

import falcon
import gevent
import gevent.pool
import urllib3

PARTNER_URL = os.environ["PARTNER_URL"]
INSTANCE = os.environ["INSTANCE"]
FEED_CONCURRENCY = int(os.environ.get("FEED_CONCURRENCY", "16"))

# Callers beyond the size of the pool wait for a connection.
pool = urllib3.connection_from_url(
    PARTNER_URL,
    maxsize=int(os.environ["PARTNER_CONNECTIONS"]),
    block=True,
    timeout=float(os.environ["PARTNER_TIMEOUT_S"]),
    retries=False,
    headers={"accept": "application/json"},
)


def read_part(path):
    """The JSON at `path`, and why there is none."""
    try:
        answer = pool.request("GET", path)
    except urllib3.exceptions.HTTPError as error:
        return None, {"reason": "unreachable", "message": str(error)}
    if answer.status != 200:
        return None, {"reason": "status", "status": answer.status, "message": path}
    return json.loads(answer.data), None


class Item:
    def on_get(self, _request, response, item_id):
        comments_call = gevent.spawn(read_part, f"/posts/{item_id}/comments")
        post, post_failure = read_part(f"/posts/{item_id}")
        comments, comments_failure = comments_call.get()
        if post_failure and post_failure.get("status") == 404:
            raise falcon.HTTPNotFound()
        if post_failure and comments_failure:
            raise falcon.HTTPBadGateway()
        failures = {"post": post_failure, "comments": comments_failure}
        missing = [{"part": part, **why} for part, why in failures.items() if why]
        response.content_type = falcon.MEDIA_JSON
        response.text = json.dumps(
            {
                "id": item_id,
                "post": post,
                "comments": comments,
                "partial": bool(missing),
                "missing": missing,
                "servedBy": INSTANCE,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )


class Feed:
    def on_get(self, request, response):
        count = request.get_param_as_int(
            "count", min_value=1, max_value=100, default=100
        )
        first = request.get_param_as_int("from", min_value=1, default=1)
        ids = range(first, first + count)
        turns = gevent.pool.Pool(FEED_CONCURRENCY)
        found = turns.map(lambda post_id: read_part(f"/posts/{post_id}"), ids)
        items = [
            {"id": i, "post": post} for i, (post, why) in zip(ids, found) if not why
        ]
        missing = [
            {"part": f"posts/{i}", **why} for i, (_, why) in zip(ids, found) if why
        ]
        if not items:
            raise falcon.HTTPBadGateway()
        response.content_type = falcon.MEDIA_JSON
        response.text = json.dumps(
            {
                "count": count,
                "items": items,
                "partial": bool(missing),
                "missing": missing,
                "servedBy": INSTANCE,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )


class Health:
    def on_get(self, _request, response):
        response.media = {"status": "ok"}


app = falcon.App()
app.add_route("/items/{item_id:int(min=1)}", Item())
app.add_route("/feed", Feed())
app.add_route("/health", Health())
