// Owns what the hello origin is made of.
import { createOrigin, type Origin } from '@headgate/origin';
import { createGreetings } from './greetings.ts';

/** What the hello origin is made of. */
export interface HelloDeps {
  /** The word in front of a name. */
  greeting: string;
  /** Budget of a request in milliseconds. */
  deadlineMs: number;
}

/** The hello origin: its routes, `/openapi.json`, `/docs`, `/health`, `/ready` and `/metrics`. */
export function createHelloApp({ greeting, deadlineMs }: HelloDeps): Origin {
  return createOrigin({ name: 'hello', deadlineMs, routes: createGreetings(greeting) });
}
