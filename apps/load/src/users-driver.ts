/** The closed model: users, each of whom begins a flow when the one before has ended. */
import type { FlowOwner } from './flows/running-flow.ts';
import { type Knot, levelAt } from './knots.ts';
import type { LoadDriver } from './load-driver.ts';
import type { WeightedFlow } from './open-driver.ts';
import { createRandom } from './random.ts';
import type { Random } from './scenario.ts';

export interface UsersDriverOptions {
  /** How many users over time, of all workers together. */
  readonly knots: readonly Knot[];
  readonly thinkMs: readonly [from: number, to: number];
  readonly flows: readonly WeightedFlow[];
  /** The flow for the nth turn of all users. */
  readonly choose: (index: number) => number;
  readonly userAt: (index: number) => unknown;
  readonly seed: number;
  readonly part: number;
  readonly parts: number;
  readonly originMs: number;
  readonly now: () => number;
}

/** How often the number of users is brought to what the profile says. */
const ADJUST_MS = 100;

/** A user whose flow failed pauses, or nobody would bound the rate of failures. */
const AFTER_FAILURE_MS = 10;

export class UsersDriver implements LoadDriver {
  readonly #options: UsersDriverOptions;
  readonly #users: User[] = [];
  #scales: { fromMs: number; scale: number }[] = [];
  #adjusting: NodeJS.Timeout | undefined;

  constructor(options: UsersDriverOptions) {
    this.#options = options;
  }

  get users(): number {
    return this.#users.length;
  }

  start(): void {
    this.#adjust();
    this.#adjusting = setInterval(() => this.#adjust(), ADJUST_MS);
  }

  scaleFrom(fromMs: number, scale: number): void {
    this.#scales.push({ fromMs, scale });
  }

  stop(): void {
    clearInterval(this.#adjusting);
    for (const user of this.#users.splice(0)) user.leave();
  }

  #adjust(): void {
    const { knots, part, parts, originMs, now } = this.#options;
    const atMs = now() - originMs;
    const scale = this.#scales.findLast((one) => one.fromMs <= atMs)?.scale ?? 1;
    const all = Math.round(levelAt(knots, atMs) * scale);
    const own = Math.floor(all / parts) + (part < all % parts ? 1 : 0);
    while (this.#users.length > own) this.#users.pop()?.leave();
    while (this.#users.length < own) this.#join(this.#users.length * parts + part);
  }

  #join(index: number): void {
    const user = new User(this.#options, index);
    this.#users.push(user);
    user.next();
  }
}

/** One user, from joining to leaving. */
class User implements FlowOwner {
  readonly #options: UsersDriverOptions;
  readonly #index: number;
  readonly #state: unknown;
  readonly #random: Random;
  #turn = 0;
  #hasLeft = false;
  #pause: NodeJS.Timeout | undefined;

  constructor(options: UsersDriverOptions, index: number) {
    this.#options = options;
    this.#index = index;
    this.#state = options.userAt(index);
    this.#random = createRandom(options.seed, index);
  }

  next(): void {
    const { flows, choose, now } = this.#options;
    // Users do not repeat each other's choices: their turns are drawn from places far apart.
    const turn = this.#index * 1e6 + this.#turn++;
    (flows[choose(turn)] as WeightedFlow).flow.begin(now(), this, this.#state);
  }

  flowEnded(hasFailed = false): void {
    if (this.#hasLeft) return;
    const [from, to] = this.#options.thinkMs;
    const thinkMs = from === to ? from : from + this.#random() * (to - from);
    const pauseMs = hasFailed ? Math.max(thinkMs, AFTER_FAILURE_MS) : thinkMs;
    if (pauseMs > 0) this.#pause = setTimeout(() => this.next(), pauseMs);
    else this.next();
  }

  leave(): void {
    this.#hasLeft = true;
    clearTimeout(this.#pause);
  }
}
