"""What both row programs share: the statements, and how a row is answered."""

import os

DATABASE_URL = os.environ["DATABASE_URL"]
CONNECTIONS = int(os.environ["DATABASE_CONNECTIONS"])

COLUMNS = "id, name, email, bio, updated_at"
BATCH = LIST_LIMIT = 50
LAST_ID = 2**31 - 1


def answer(row):
    """A row of asyncpg or of psycopg's dict_row as it is answered."""
    return {
        "id": row["id"],
        "name": row["name"],
        "email": row["email"],
        "bio": row["bio"],
        "updatedAt": row["updated_at"]
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z"),
    }
