/** Answers that say what was wrong (RFC 9457). */

const TITLES = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  500: 'Internal Server Error',
};

export function problem(status: keyof typeof TITLES, detail: string): Response {
  return Response.json(
    { title: TITLES[status], status, detail },
    { status, headers: { 'content-type': 'application/problem+json' } },
  );
}
