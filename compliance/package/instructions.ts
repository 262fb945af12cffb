/** `VERIFY.md`: how to check a package with nothing of ours. Its one block of shell is what the tamper drill runs, too. */
import type { Manifest } from './manifest.ts';

/** How much earlier than the package's own clock its timestamp may be, and how much later: who waits longer has another time in mind. */
export const MOST_EARLY_SECONDS = 300;
export const MOST_LATE_SECONDS = 3_600;

export type Verifiable = Pick<
  Manifest,
  'id' | 'createdAt' | 'window' | 'interactions' | 'signature' | 'timestamp' | 'previous' | 'approvalsNeeded'
>;

/** `rootFingerprint256` is of `certificates/root.pem`, as openssl prints it. */
export function instructions(
  manifest: Verifiable,
  { rootFingerprint256, intermediates }: { rootFingerprint256: string; intermediates: boolean },
): string {
  return `# How to check this package

${manifest.id}, made ${manifest.createdAt}. You need bash, \`sha256sum\` (or \`shasum -a 256\`) and \`openssl\`, and nothing of Parapet.

## 1. Whom do you trust?

The signer's certificate leads to the root in \`certificates/root.pem\`. A package could bring any root, so get its fingerprint from
the organisation by another way, and compare:

    openssl x509 -in certificates/root.pem -noout -fingerprint -sha256
    # ${rootFingerprint256}

Better still, get the root itself and set \`TRUST\` to its file. The same goes for \`TSA_TRUST\` and the authority of the timestamp
(${manifest.timestamp.authority === 'local' ? 'here the organisation’s own, which proves the time only as far as you trust the organisation' : manifest.timestamp.authority}).

## 2. Is it whole, unchanged and signed?

Run this in the folder of this file. It ends with \`the package is whole\`, or with an error.

\`\`\`bash
${shellBlock(manifest, intermediates)}
\`\`\`

The chain of signature and hashes: \`SEAL.sig\` is a signature over \`SEAL\`; \`SEAL\` has the hashes of \`manifest.json\`, of its timestamp
\`manifest.json.tsr\` (RFC 3161) and of \`SHA256SUMS\`; \`SHA256SUMS\` has the hashes of all other files. \`APPROVAL\`, where there is one, names
the hash of \`SEAL\` and who approved it, and has a signature of its own. When was it stamped?

    openssl ts -reply -in manifest.json.tsr -text

## 3. Is it the next one of its chain?

${
  manifest.previous === null
    ? 'It is the first of its chain: `previous` in `manifest.json` is null.'
    : `The package before it is ${manifest.previous.id}. This must print the same hash as \`previous\` in this \`manifest.json\`:

    sha256sum path/to/the/package/before/manifest.json
    # ${manifest.previous.manifest}`
}

## 4. Does one interaction belong to it?

Ask for its proof (\`parapet prove INTERACTION\`): a file \`proof.json\` and the interaction's record as it stands in the log, \`record.avro\`,
whose personal content is encrypted. The package proves ${manifest.interactions.count} interactions by the root of a Merkle tree, in the shape of RFC 6962:

    sha256sum record.avro                                     # eventHash of proof.json
    printf 'parapet-leaf:%s:%s' INTERACTION EVENTHASH | sha256sum    # leaf of proof.json

Then, for each of \`steps\`, with what you have in the place of HASH, and the other one on the side that the step names:

    printf 'parapet-node:%s:%s' LEFT RIGHT | sha256sum

The last one is the root: ${manifest.interactions.root}

That root is also made of the last column of \`merkle/chunks.csv\`, by the same rule, pair by pair.
`;
}

/** Everything of step 2. Ends with an exit code other than 0 when something is wrong. */
export function shellBlock(
  { createdAt, signature, approvalsNeeded }: Pick<Verifiable, 'createdAt' | 'signature' | 'approvalsNeeded'>,
  intermediates: boolean,
): string {
  const created = Math.floor(Date.parse(createdAt) / 1_000);
  // openssl reads no more of a signature than the longest one has, so what stands behind it is looked at here.
  const [length, verify] =
    signature.algorithm === 'ed25519'
      ? [() => '64', (file: string) => `openssl pkeyutl -verify -pubin -inkey <(signer) -rawin -in ${file} -sigfile ${file}.sig`]
      : [
          (file: string) => `$((2 + $(od -An -tu1 -j1 -N1 ${file}.sig)))`,
          (file: string) => `openssl dgst -sha256 -verify <(signer) -signature ${file}.sig ${file}`,
        ];
  const check = (file: string, indent = '') => `[ "$(wc -c < ${file}.sig | tr -d ' ')" = "${length(file)}" ]\n${indent}${verify(file)}`;
  const above = intermediates ? ' -untrusted certificates/intermediates.pem' : '';
  return `set -euo pipefail
TRUST=\${TRUST:-certificates/root.pem}
TSA_TRUST=\${TSA_TRUST:-certificates/timestamps-root.pem}
export SSL_CERT_DIR=/dev/null SSL_CERT_FILE=/dev/null # the roots above, and no others
export LC_ALL=C
sha256() { if command -v sha256sum > /dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }
signer() { openssl x509 -in certificates/signer.pem -noout -pubkey; }
around() { printf '%s\\n' SHA256SUMS manifest.json manifest.json.tsr SEAL SEAL.sig; if [ -e APPROVAL ] || [ -e APPROVAL.sig ]; then printf '%s\\n' APPROVAL APPROVAL.sig; fi; }
# Plain files only: a link or a pipe can show something else to whoever looks next.
[ -z "$(find . ! -type d ! -type f)" ]
# Exactly the files that were sealed: none is missing, none was added.
diff <(find . ! -type d | sed 's|^\\./||' | sort) <({ cut -c67- SHA256SUMS; around; } | sort)
# Every hash. sha256sum passes over a line that is none, so there must be no such line.
if grep -qvE '^[0-9a-f]{64}  [A-Za-z0-9][A-Za-z0-9._/-]*$' SHA256SUMS SEAL; then exit 1; fi
[ "$(cut -c67- SEAL | tr '\\n' ' ')" = 'SHA256SUMS manifest.json manifest.json.tsr ' ]
sha256 -c SEAL > /dev/null
sha256 -c SHA256SUMS > /dev/null
# The manifest names the same files and hashes.
diff <(awk -F '"' '$2 == "path" { path = $4 } $2 == "sha256" { print $4 "  " path }' manifest.json) SHA256SUMS
# The timestamp, of the time when the package says that it was made (${createdAt}).
grep -qx '  "createdAt": "${createdAt}",' manifest.json
stamped=$(openssl ts -reply -in manifest.json.tsr -text 2> /dev/null | sed -n 's/^Time stamp: //p' | sed 's/\\.[0-9]*//')
at=$(date -u -d "$stamped" +%s 2> /dev/null || date -u -j -f '%b %e %T %Y %Z' "$stamped" +%s)
[ $((at - ${created})) -ge -${MOST_EARLY_SECONDS} ]
[ $((at - ${created})) -le ${MOST_LATE_SECONDS} ]
openssl ts -verify -data manifest.json -in manifest.json.tsr -CAfile "$TSA_TRUST" -attime "$at"
# The signature, by one certificate that is meant for signatures, leads to the root, and was valid at the time of the timestamp.
diff <(openssl x509 -in certificates/signer.pem) certificates/signer.pem
openssl verify -purpose smimesign -attime "$at" -CAfile "$TRUST"${above} certificates/signer.pem
${check('SEAL')}
# The approval, where there is one; ${approvalsNeeded} must have given it.
approved=0
if [ -e APPROVAL ]; then
  ${check('APPROVAL', '  ')}
  grep -q "\\"seal\\": \\"$(sha256 SEAL | cut -c1-64)\\"" APPROVAL
  author=$(sed -n 's/^  "author": \\(.*\\),$/\\1/p' manifest.json)
  if grep -qF "\\"by\\": $author," APPROVAL; then exit 1; fi
  approved=$(grep '^      "by": ' APPROVAL | sort -u | wc -l)
fi
echo "$((approved)) of ${approvalsNeeded} have approved it"
[ "$approved" -ge ${approvalsNeeded} ]
echo 'the package is whole'`;
}

/** The block of shell in such a text. Undefined when there is none. */
export function shellBlockIn(text: string): string | undefined {
  return /^```bash\n([\s\S]+?)\n```$/m.exec(text)?.[1];
}
