import { type Body, Connection, type KernelLine, type ListedRun, TARGET } from "../src/lab/connection";

export const PAGE = "page-1";

/** A websocket to a kernel that says what the test says. */
export class FakeLine implements KernelLine {
  up = true;
  life = 1;
  readonly sent: { page: string; sub: number | null; body: Body }[] = [];
  private there: ((there: boolean) => void)[] = [];
  private messages = new Set<(content: unknown, life: string) => void>();
  private changes = new Set<() => void>();
  private restarts = new Set<() => void>();

  send(content: object): void {
    this.sent.push(content as FakeLine["sent"][number]);
  }

  onMessage(listener: (content: unknown, life: string) => void): () => void {
    this.messages.add(listener);
    return () => this.messages.delete(listener);
  }

  onChange(listener: () => void): () => void {
    this.changes.add(listener);
    return () => this.changes.delete(listener);
  }

  onRestart(listener: () => void): () => void {
    this.restarts.add(listener);
    return () => this.restarts.delete(listener);
  }

  isThere(): Promise<boolean> {
    return new Promise((done) => this.there.push(done));
  }

  /** Answers the questions whether ipyflow is loaded. */
  async answer(there: boolean): Promise<void> {
    for (const done of this.there.splice(0)) done(there);
    await Promise.resolve();
    await Promise.resolve();
  }

  get asked(): number {
    return this.there.length;
  }

  say(body: Body, sub: number | null = null, to = PAGE, life = this.life): void {
    const content = { comm_id: to, data: { ipyflow: 1, sub, body } };
    for (const listener of [...this.messages]) listener(content, `life ${life}`);
  }

  greet(): void {
    this.say({ type: "hello", version: "0" }, null, TARGET);
  }

  setUp(up: boolean): void {
    this.up = up;
    for (const listener of [...this.changes]) listener();
  }

  restart(): void {
    this.life += 1;
    for (const listener of [...this.restarts]) listener();
  }

  /** The newest request of a kind. */
  last(type: string): Body | undefined {
    return this.sent.filter(({ body }) => body.type === type).at(-1)?.body;
  }

  types(): string[] {
    return this.sent.map(({ body }) => body.type);
  }
}

export function connected(): { line: FakeLine; connection: Connection; drop: () => void } {
  const line = new FakeLine();
  const connection = new Connection(PAGE, "kernel-1");
  const drop = connection.attach(line);
  return { line, connection, drop };
}

export function listed(id: number, more: Partial<ListedRun> = {}): ListedRun {
  return {
    id,
    name: `run${id}`,
    kind: "flow",
    state: "running",
    wall: 1000 + id,
    elapsed: 1,
    closed: false,
    total: 4,
    counts: { running: 2, succeeded: 2 },
    paused: false,
    cell: null,
    ...more,
  };
}

/** A run that has ended. */
export const ended = (id: number, more: Partial<ListedRun> = {}): ListedRun =>
  listed(id, { state: "succeeded", closed: true, counts: { succeeded: 4 }, ...more });
