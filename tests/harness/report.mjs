/** Collects results, prints them as they come, and ends with the tables and the line that CI reads. */

export class Report {
  /** @param {{peer: boolean}} options */
  constructor({ peer }) {
    this.peer = peer;
    /** @type {{engine: string, file: string, name: string, type: string, message?: string, reason?: string, seconds?: number}[]} */
    this.results = [];
  }

  add(engine, file, event) {
    this.results.push({ engine, file, ...event });
    const where = `${engine} › ${file.replace('.test.mjs', '')} › ${event.name}`;
    const time = event.seconds === undefined ? '' : ` (${event.seconds.toFixed(2)} s)`;
    if (event.type === 'pass') console.log(`ok - ${where}${time}`);
    if (event.type === 'skip') console.log(`ok - ${where} # SKIP ${event.reason}`);
    if (event.type === 'fail') {
      console.log(`not ok - ${where}${time}\n    ${event.message.trimEnd().replaceAll('\n', '\n    ')}`);
    }
  }

  count(type, engine) {
    return this.results.filter((r) => r.type === type && (!engine || r.engine === engine)).length;
  }

  /** Skips whose reason the documentation does not list. */
  unlistedSkips(documentation) {
    return this.results.filter((r) => r.type === 'skip' && !documentation.includes(r.reason));
  }

  printSummary() {
    const engines = [...new Set(this.results.map((r) => r.engine))];
    const failed = this.results.filter((r) => r.type === 'fail');
    if (failed.length > 0) {
      console.log('\nFailed:');
      for (const r of failed) console.log(`  ${r.engine} › ${r.file} › ${r.name}: ${r.message.split('\n')[0]}`);
    }
    console.log(`\n${'engine'.padEnd(18)} passed failed skipped  seconds`);
    for (const engine of engines) {
      const seconds = this.results.reduce((s, r) => s + (r.engine === engine ? (r.seconds ?? 0) : 0), 0);
      const cells = ['pass', 'fail', 'skip'].map((type) => String(this.count(type, engine)).padStart(6));
      console.log(`${engine.padEnd(18)} ${cells.join(' ')}  ${seconds.toFixed(1).padStart(8)}`);
    }
    console.log(
      `\n${this.count('pass')} passed, ${this.count('fail')} failed, ${this.count('skip')} skipped`,
    );
  }
}
