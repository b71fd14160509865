"""Greetings as a WSGI application: Falcon, path and query validated by its converters."""

import json

import falcon


class Hello:
    def on_get(self, request, response, hello_id):
        times = request.get_param_as_int("times", min_value=1, max_value=100, default=1)
        response.content_type = falcon.MEDIA_JSON
        response.text = json.dumps(
            {"id": hello_id, "times": times, "message": f"hello {hello_id}"},
            ensure_ascii=False,
            separators=(",", ":"),
        )


class Health:
    def on_get(self, _request, response):
        response.media = {"status": "ok"}


app = falcon.App()
app.add_route("/hello/{hello_id:int(min=1, max=2147483647)}", Hello())
app.add_route("/health", Health())
