/** Writes the .env of docker-compose.yml: a fresh password for everything, once. What is there already stays. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const password = () => randomBytes(24).toString('base64url');

/** Names of docker-compose.yml's variables, and how their values are made. */
export const SECRETS: Record<string, () => string> = {
  PARAPET_MASTER_KEY: () => randomBytes(32).toString('base64'),
  CLICKHOUSE_PASSWORD: password,
  MINIO_PASSWORD: password,
  ELASTICSEARCH_PASSWORD: password,
  KIBANA_PASSWORD: password,
  KIBANA_ENCRYPTION_KEY: password,
  GRAFANA_PASSWORD: password,
  POSTGRES_PASSWORD: password,
  INFLUX_PASSWORD: password,
  INFLUX_TOKEN: password,
};

export function renderEnv(): string {
  return `# Secrets of docker-compose.yml. Keep a copy of PARAPET_MASTER_KEY elsewhere: without it no content opens.\n${Object.entries(
    SECRETS,
  )
    .map(([name, make]) => `${name}=${make()}`)
    .join('\n')}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = fileURLToPath(new URL('../.env', import.meta.url));
  try {
    // Never over one that is there: with the master key in it everything sealed would be lost.
    writeFileSync(path, renderEnv(), { mode: 0o600, flag: 'wx' });
    console.log('.env is written.');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    console.error('.env is there already; remove it first if you mean to change every password.');
    process.exitCode = 1;
  }
}
