"""Greetings as an ASGI application: FastAPI, path and query validated by their annotations."""

from fastapi import FastAPI, Path, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel

app = FastAPI(openapi_url=None)


@app.get("/hello/{hello_id}")
async def hello(
    hello_id: int = Path(ge=1, le=2**31 - 1),
    times: int = Query(default=1, ge=1, le=100),
):
    # A response of one's own is sent as it is, without the detour through a model.
    return JSONResponse(
        {"id": hello_id, "times": times, "message": f"hello {hello_id}"}
    )


class Greeting(BaseModel):
    id: int
    times: int
    message: str


@app.get("/modelled/{hello_id}", response_model=Greeting)
async def modelled(
    hello_id: int = Path(ge=1, le=2**31 - 1),
    times: int = Query(default=1, ge=1, le=100),
):
    """The same as FastAPI's tutorial has it: what is returned passes through a model."""
    return Greeting(id=hello_id, times=times, message=f"hello {hello_id}")


@app.get("/health")
async def health():
    return JSONResponse({"status": "ok"})
