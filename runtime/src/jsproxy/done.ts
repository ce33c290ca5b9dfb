/** The result of an operation that ended a generator. */
export class Done {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}
