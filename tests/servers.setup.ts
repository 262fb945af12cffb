/** Before the suites against real servers: starts in containers what the environment does not name; after them, stops it. */
import { freePort } from '../core/free-port.ts';
import { type ContainerPlan, missing, type Runtime, startMissing } from './containers.ts';

/** Of the package, which is there for development only and may be missing. */
interface Testcontainers {
  getContainerRuntimeClient(): Promise<unknown>;
  GenericContainer: new (image: string) => Container;
  Wait: { forHttp(path: string, port: number): Waiting; forLogMessage(line: RegExp): Waiting };
}

interface Waiting {
  withStartupTimeout(ms: number): Waiting;
}

interface Container {
  withExposedPorts(...ports: (number | { container: number; host: number })[]): Container;
  withEnvironment(environment: Record<string, string>): Container;
  withCommand(command: string[]): Container;
  withWaitStrategy(waiting: Waiting): Container;
  start(): Promise<{ getHost(): string; getMappedPort(port: number): number; stop(): Promise<unknown> }>;
}

/** Images are fetched first, and Elasticsearch takes its time. */
const STARTUP_MS = 300_000;

export default async function setup(): Promise<() => Promise<void>> {
  if (missing(process.env).length === 0) return async () => {};
  return startMissing({ environment: process.env, runtime: await runtime(), say: (line) => console.warn(line) });
}

async function runtime(): Promise<Runtime | { lacking: string }> {
  // By a name that the compiler does not follow: type checks must pass where the package is not installed.
  const name: string = 'testcontainers';
  try {
    const testcontainers = (await import(name)) as Testcontainers;
    await testcontainers.getContainerRuntimeClient();
    return runtimeOf(testcontainers);
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    return { lacking: `no container runtime answers (${reason})` };
  }
}

function runtimeOf({ GenericContainer, Wait }: Testcontainers): Runtime {
  return {
    async start(image, plan) {
      const { port, environment, command, ready } = plan;
      const outside = plan.knowsItsPort ? await freePort() : undefined;
      const waiting = 'path' in ready ? Wait.forHttp(ready.path, port) : Wait.forLogMessage(ready.log);
      let container = new GenericContainer(image)
        .withExposedPorts(outside === undefined ? port : { container: port, host: outside })
        .withEnvironment(environment(outside ?? port))
        .withWaitStrategy(waiting.withStartupTimeout(STARTUP_MS));
      if (command !== undefined) container = container.withCommand(command);
      const started = await container.start();
      return { address: addressOf(started, plan), stop: async () => void (await started.stop()) };
    },
  };
}

function addressOf(started: { getHost(): string; getMappedPort(port: number): number }, { port, knowsItsPort }: ContainerPlan): string {
  return `${knowsItsPort ? '127.0.0.1' : started.getHost()}:${started.getMappedPort(port)}`;
}
