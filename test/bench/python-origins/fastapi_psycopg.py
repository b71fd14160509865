"""Rows from PostgreSQL: FastAPI with psycopg 3 and its pool, statements prepared."""

import asyncio

from fastapi import FastAPI, HTTPException, Path, Query
from fastapi.responses import JSONResponse
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool
from rows import BATCH, COLUMNS, CONNECTIONS, DATABASE_URL, LAST_ID, LIST_LIMIT, answer

ONE = f"select {COLUMNS} from profiles where id = %s"
LIST = f"select {COLUMNS} from profiles where id >= %s order by id limit {LIST_LIMIT}"

app = FastAPI(openapi_url=None)
pool = AsyncConnectionPool(
    DATABASE_URL,
    min_size=CONNECTIONS,
    max_size=CONNECTIONS,
    # As asyncpg does: no transaction around a single read.
    kwargs={"row_factory": dict_row, "autocommit": True},
    open=False,
)


@app.on_event("startup")
async def connect():
    await pool.open(wait=True)


@app.on_event("shutdown")
async def close():
    await pool.close()


async def fetch_row(row_id):
    async with pool.connection() as connection:
        cursor = await connection.execute(ONE, (row_id,), prepare=True)
        return await cursor.fetchone()


@app.get("/rows/{row_id}")
async def one(row_id: int = Path(ge=1, le=LAST_ID)):
    row = await fetch_row(row_id)
    if row is None:
        raise HTTPException(404)
    return JSONResponse(answer(row))


@app.get("/rows")
async def rows(first: int = Query(ge=1, le=LAST_ID, alias="from")):
    async with pool.connection() as connection:
        cursor = await connection.execute(LIST, (first,), prepare=True)
        found = await cursor.fetchall()
    return JSONResponse({"rows": [answer(row) for row in found]})


@app.get("/batch")
async def batch(first: int = Query(ge=1, le=LAST_ID, alias="from")):
    found = await asyncio.gather(*(fetch_row(first + index) for index in range(BATCH)))
    return JSONResponse({"rows": [answer(row) for row in found if row is not None]})


@app.get("/health")
async def health():
    return JSONResponse({"status": "ok"})
