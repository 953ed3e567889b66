// Reads a folder that `annotate export --format huggingface` wrote with readers
// that are not ours: DuckDB, hyparquet, parquet-wasm with apache-arrow, and
// jsonld. Usage: node huggingface.mjs FOLDER
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { tableFromIPC } from 'apache-arrow';
import { parquetReadObjects } from 'hyparquet';
import jsonld from 'jsonld';
import { readParquet } from 'parquet-wasm/node';

const folder = process.argv[2];
const json = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const manifest = json('manifest.json');

// BigInt, which all of them give for int64, has no JSON.
const plain = (v) => JSON.parse(JSON.stringify(v, (_, x) => (typeof x === 'bigint' ? Number(x) : x)));

// Arrow tells what the library datasets will see: every field must be nullable,
// the elements of lists too, or the names of classes are lost.
function nullable(field, path) {
  assert.ok(field.nullable, `${path}.${field.name} is not nullable`);
  for (const child of field.type.children ?? []) nullable(child, `${path}.${field.name}`);
}

// Positions are code points, which is what an array of a string's characters counts.
function checkSpans(row) {
  const points = [...row.text];
  for (const t of row.tokens) assert.ok(t !== '' && !/\s/u.test(t), `a token is ${JSON.stringify(t)}`);
  assert.equal(row.tokens.length, row.ner_tags.length);
  for (const s of row.spans) {
    assert.ok(0 <= s.start && s.start < s.end && s.end <= points.length);
    assert.equal(points.slice(s.start, s.end).join('').trim() !== '', true);
  }
}

async function duckRows(file) {
  const db = await (await DuckDBInstance.create()).connect();
  const reader = await db.runAndReadAll(`SELECT * FROM read_parquet('${file.replaceAll("'", "''")}')`);
  return reader.getRowObjectsJson();
}

let rows = 0;
for (const config of ['spans', 'blocks']) {
  let documents = 0;
  for (const name of readdirSync(join(folder, config)).sort()) {
    const file = join(folder, config, name);
    const bytes = readFileSync(file);

    const arrow = tableFromIPC(readParquet(bytes).intoIPCStream());
    arrow.schema.fields.forEach((f) => nullable(f, name));
    const features = JSON.parse(arrow.schema.metadata.get('huggingface')).info.features;
    assert.deepEqual(Object.keys(features), arrow.schema.fields.map((f) => f.name), 'features are not in the order of columns');

    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const hy = plain(await parquetReadObjects({ file: buffer }));
    const duck = await duckRows(file);
    assert.equal(hy.length, arrow.numRows);
    assert.equal(duck.length, arrow.numRows);
    hy.forEach((row, i) => {
      const other = plain(arrow.get(i).toJSON());
      assert.equal(duck[i].id, row.id);
      assert.equal(other.id, row.id);
      if (config === 'spans') {
        checkSpans(row);
        assert.deepEqual(other.ner_tags, row.ner_tags);
        assert.deepEqual(duck[i].ner_tags.map(Number), row.ner_tags);
        assert.deepEqual(duck[i].spans.map((s) => [Number(s.start), Number(s.end), s.label]), row.spans.map((s) => [s.start, s.end, s.label]));
      } else {
        assert.equal(row.blocks.length, row.labels.length);
        assert.deepEqual(duck[i].blocks, row.blocks);
        assert.deepEqual(other.labels, row.labels);
      }
    });
    documents += hy.length;
  }
  assert.equal(documents, manifest.documents, `${config} has other documents than the manifest`);
  rows += documents;
}

const croissant = json('croissant.json');
for (const f of croissant.distribution) {
  const sum = createHash('sha256').update(readFileSync(join(folder, f.contentUrl))).digest('hex');
  assert.equal(sum, f.sha256, `${f.contentUrl} is not the file that croissant.json names`);
}
// No context is fetched: the file brings its own.
const offline = () => { throw new Error('the context is not in the file'); };
const [expanded] = await jsonld.expand(croissant, { documentLoader: offline });
const sets = expanded['http://mlcommons.org/croissant/recordSet'];
assert.equal(sets.length, croissant.recordSet.length, 'record sets are lost as JSON-LD');
assert.equal(expanded['http://purl.org/dc/terms/conformsTo'][0]['@value'], 'http://mlcommons.org/croissant/1.1');

console.log(`${rows} rows read alike by DuckDB, hyparquet and parquet-wasm; croissant.json expands to ${sets.length} record sets`);
