/** What begins flows sees of one, and the other way round. */

export interface RunningFlow {
  /**
   * Begins one run of the flow, due at `intendedMs` of `performance.now()`. Its outcome goes to the
   * recorder; nothing throws. `user` is what the scenario made for the user or the arrival.
   */
  begin(intendedMs: number, owner: FlowOwner, user: unknown): void;
  /** Ends what still runs, as cut, and closes every connection. */
  close(): Promise<void>;
}

export interface FlowOwner {
  /** The run is over and recorded; called once for each `begin`. */
  flowEnded(hasFailed?: boolean): void;
}
