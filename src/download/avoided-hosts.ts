/** What a Mirror List reads of one request at most. */
const hostsLimit = 8;
const lengthLimit = 1024;

/** Hosts that a source has sent requests on to, and that were of no use: a Mirror List is told, and names others. */
export class AvoidedHosts {
  readonly #hosts = new Set<string>();

  add(host: string): void {
    this.#hosts.delete(host);
    this.#hosts.add(host);
    for (const oldest of this.#hosts) {
      if (this.#hosts.size <= hostsLimit && this.#text().length <= lengthLimit) break;
      this.#hosts.delete(oldest);
    }
  }

  header(): Readonly<Record<string, string>> {
    return this.#hosts.size === 0 ? {} : { 'signpost-avoid': this.#text() };
  }

  #text(): string {
    return [...this.#hosts].join(', ');
  }
}
