"""Rows from PostgreSQL: FastAPI with asyncpg's pool, which prepares statements by itself."""

import asyncio

import asyncpg
from fastapi import FastAPI, HTTPException, Path, Query
from fastapi.responses import JSONResponse
from rows import BATCH, COLUMNS, CONNECTIONS, DATABASE_URL, LAST_ID, LIST_LIMIT, answer

ONE = f"select {COLUMNS} from profiles where id = $1"
LIST = f"select {COLUMNS} from profiles where id >= $1 order by id limit {LIST_LIMIT}"

app = FastAPI(openapi_url=None)


@app.on_event("startup")
async def connect():
    app.state.pool = await asyncpg.create_pool(
        DATABASE_URL, min_size=CONNECTIONS, max_size=CONNECTIONS
    )


@app.on_event("shutdown")
async def close():
    await app.state.pool.close()


@app.get("/rows/{row_id}")
async def one(row_id: int = Path(ge=1, le=LAST_ID)):
    row = await app.state.pool.fetchrow(ONE, row_id)
    if row is None:
        raise HTTPException(404)
    return JSONResponse(answer(row))


@app.get("/rows")
async def rows(first: int = Query(ge=1, le=LAST_ID, alias="from")):
    found = await app.state.pool.fetch(LIST, first)
    return JSONResponse({"rows": [answer(row) for row in found]})


@app.get("/batch")
async def batch(first: int = Query(ge=1, le=LAST_ID, alias="from")):
    found = await asyncio.gather(
        *(app.state.pool.fetchrow(ONE, first + index) for index in range(BATCH))
    )
    return JSONResponse({"rows": [answer(row) for row in found if row is not None]})


@app.get("/health")
async def health():
    return JSONResponse({"status": "ok"})
