/** What a reader of files tells its caller, and hears from it, on the way. */
export interface ReadHooks {
  readonly signal?: AbortSignal | undefined;
  /**
   * Called with the bytes on disk that were read since the last call; over a unit they add up to about its `bytes`: up to one chunk more where
   * JSON Lines are cut into ranges, in proportion to the rows in Parquet.
   */
  readonly onBytes?: (bytes: number) => void;
}
