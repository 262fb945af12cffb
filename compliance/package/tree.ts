/** The tree of a package: its chunks, as `merkle/chunks.csv` keeps them, and proofs from them. */
import { ParapetError } from '../../core/errors.ts';
import { type Leaf, type LeafSource, microsOf, pagesOf, timeOf } from './leaves.ts';
import { CHUNK_LEAVES, leafHash, type ProofStep, proofOf, rootOf } from './merkle.ts';

export interface Chunk {
  leaves: number;
  first: Pick<Leaf, 'startedAt' | 'interactionId'>;
  last: Pick<Leaf, 'startedAt' | 'interactionId'>;
  root: string;
}

export interface Tree {
  leaves: number;
  /** Interactions of the window whose record's hash is not known: written before records were hashed. */
  unproven: number;
  root: string;
  chunks: Chunk[];
}

/** How one interaction is shown to belong to a package. `parapet prove` writes it as JSON, below 4 KiB. */
export interface Proof {
  format: 'parapet-proof/1';
  /** Of the package: `report/<framework>/<org>/<period>`, and the SHA-256 of its manifest. */
  package: string;
  manifest: string;
  interactionId: string;
  /** SHA-256 of the interaction's record as it stands in the log and the lake. */
  eventHash: string;
  leaf: string;
  /** Of how many leaves it is which, from 0. */
  index: number;
  leaves: number;
  steps: ProofStep[];
  root: string;
}

/** Some twenty megabytes. */
const PAGE_LEAVES = 65_536;

/** Reads every leaf once. Throws PARAPET_STORE_UNAVAILABLE. */
export async function buildTree(source: LeafSource, pageLeaves = PAGE_LEAVES): Promise<Tree> {
  const hours = await source.hours();
  const chunks: Chunk[] = [];
  let open: Leaf[] = [];
  let leaves = 0;
  for await (const page of pagesOf(source, hours, pageLeaves)) {
    leaves += page.length;
    open = open.concat(page);
    let at = 0;
    for (; open.length - at >= CHUNK_LEAVES; at += CHUNK_LEAVES) chunks.push(chunkOf(open.slice(at, at + CHUNK_LEAVES)));
    open = open.slice(at);
  }
  if (open.length > 0) chunks.push(chunkOf(open));
  const unproven = hours.reduce((sum, hour) => sum + hour.unproven, 0);
  return { leaves, unproven, root: rootOf(chunks.map(({ root }) => root)), chunks };
}

function chunkOf(leaves: readonly Leaf[]): Chunk {
  const placeOf = ({ startedAt, interactionId }: Leaf) => ({ startedAt, interactionId });
  return {
    leaves: leaves.length,
    first: placeOf(leaves[0] as Leaf),
    last: placeOf(leaves.at(-1) as Leaf),
    root: rootOf(leaves.map(({ hash }) => hash)),
  };
}

const HEAD = 'chunk,leaves,first_started_at,first_interaction,last_started_at,last_interaction,root';

export function writeChunks(chunks: readonly Chunk[]): string {
  const lines = chunks.map(({ leaves, first, last, root }, i) =>
    [i, leaves, timeOf(first.startedAt), first.interactionId, timeOf(last.startedAt), last.interactionId, root].join(','),
  );
  return `${[HEAD, ...lines].join('\n')}\n`;
}

/** Throws PARAPET_PACKAGE_INVALID. */
export function readChunks(text: string): Chunk[] {
  const [head, ...lines] = text.split('\n');
  if (head !== HEAD || lines.pop() !== '') throw invalid('merkle/chunks.csv does not begin or end as it should.');
  return lines.map((line, i) => {
    const [index, leaves, firstAt = '', first = '', lastAt = '', last = '', root = '', ...rest] = line.split(',');
    if (index !== String(i) || !/^[1-9]\d*$/.test(leaves ?? '') || !/^[0-9a-f]{64}$/.test(root) || rest.length > 0) {
      throw invalid(`Line ${i + 2} of merkle/chunks.csv is not a chunk.`);
    }
    return {
      leaves: Number(leaves),
      first: { startedAt: microsOf(firstAt), interactionId: first },
      last: { startedAt: microsOf(lastAt), interactionId: last },
      root,
    };
  });
}

export interface Proven {
  startedAt: number;
  interactionId: string;
  eventHash: string;
}

/**
 * The way from one interaction to the root. Asks the view for the leaves of one chunk only.
 * Throws PARAPET_PROOF_IMPOSSIBLE when the interaction is not in the package, or the view no longer holds what the package counted.
 */
export async function prove(
  source: LeafSource,
  chunks: readonly Chunk[],
  { startedAt, interactionId, eventHash }: Proven,
): Promise<Omit<Proof, 'format' | 'package' | 'manifest'>> {
  const place = { startedAt, interactionId };
  const at = chunks.findIndex(({ first, last }) => compare(first, place) <= 0 && compare(place, last) <= 0);
  const chunk = chunks[at];
  if (chunk === undefined) throw impossible(`Interaction ${interactionId} is not in this package: it is of another window, or came after.`);
  const leaves: Leaf[] = [];
  for (let after: Leaf | undefined; ; after = leaves.at(-1)) {
    const page = await source.page(chunk.first.startedAt, chunk.last.startedAt + 1, after, CHUNK_LEAVES);
    leaves.push(...page.filter((leaf) => compare(chunk.first, leaf) <= 0 && compare(leaf, chunk.last) <= 0));
    const newest = page.at(-1);
    if (newest === undefined || compare(newest, chunk.last) >= 0) break;
  }
  const hashes = leaves.map(({ hash }) => hash);
  if (rootOf(hashes) !== chunk.root) {
    throw impossible(
      `The view holds ${leaves.length} interactions where the package counted ${chunk.leaves}, or other ones. Rebuild it from the lake: parapet replay --view clickhouse.interactions --source lake.`,
    );
  }
  const inChunk = leaves.findIndex((leaf) => leaf.interactionId === interactionId);
  const leaf = leafHash(interactionId, eventHash);
  if (inChunk < 0 || leaf !== hashes[inChunk]) throw impossible(`Interaction ${interactionId} has no hash of its record.`);
  const roots = chunks.map(({ root }) => root);
  return {
    interactionId,
    eventHash,
    leaf,
    index: chunks.slice(0, at).reduce((sum, each) => sum + each.leaves, 0) + inChunk,
    leaves: chunks.reduce((sum, each) => sum + each.leaves, 0),
    steps: [...proofOf(hashes, inChunk), ...proofOf(roots, at)],
    root: rootOf(roots),
  };
}

/** In the order of leaves. Ids are compared by their bytes, as ClickHouse does. */
function compare(a: Pick<Leaf, 'startedAt' | 'interactionId'>, b: Pick<Leaf, 'startedAt' | 'interactionId'>): number {
  return a.startedAt - b.startedAt || Buffer.compare(Buffer.from(a.interactionId), Buffer.from(b.interactionId));
}

const invalid = (message: string) => new ParapetError('PARAPET_PACKAGE_INVALID', { message });
const impossible = (message: string) => new ParapetError('PARAPET_PROOF_IMPOSSIBLE', { message });
