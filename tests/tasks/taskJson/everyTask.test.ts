import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv';
import { taskJsons } from './taskJson';
import { readPredicate, splitRule } from './visibleRule';

const root = path.join(__dirname, '..', '..', '..');
const SCHEMA = path.join(root, '..', 'shared', 'specs', 'tasks.schema.json');

describe('Every task.json', () => {
  const tasks = taskJsons();

  it('fits the published schema', function () {
    if (!fs.existsSync(SCHEMA)) {
      console.log('      ../shared/specs is not there: no task.json is held against the published schema');
      this.skip();
    }
    const ajv = new Ajv({ schemaId: 'auto', allErrors: true });
    const draft4 = require.resolve('ajv/lib/refs/json-schema-draft-04.json');
    ajv.addMetaSchema(JSON.parse(fs.readFileSync(draft4, 'utf8')) as object);
    const validate = ajv.compile(JSON.parse(fs.readFileSync(SCHEMA, 'utf8')) as object);
    for (const task of tasks) {
      void validate(task);
      assert.deepEqual(validate.errors ?? [], [], task.name);
    }
  });

  for (const task of tasks) {
    describe(task.name, () => {
      const names = new Set(task.inputs.map(({ name }) => name));

      it('has an id, a name and labels that the packager takes', () => {
        assert.match(task.id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
        assert.ok(task.friendlyName.length <= 40);
        for (const [, name = ''] of task.instanceNameFormat.matchAll(/\$\((\w+)\)/g)) assert.ok(names.has(name), name);
      });

      it('runs with the Node versions that agents support, on agents that have them', () => {
        assert.deepEqual(Object.keys(task.execution).toSorted(), ['Node20_1', 'Node24']);
        assert.deepEqual(task.runsOn, ['Agent', 'DeploymentGroup']);
        assert.equal(task.minimumAgentVersion, '3.230.2');
        if (task.postjobexecution)
          assert.deepEqual(Object.keys(task.postjobexecution).toSorted(), ['Node20_1', 'Node24']);
      });

      it('has no two inputs of one name or alias', () => {
        const all = task.inputs.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
        assert.equal(new Set(all.map((name) => name.toLowerCase())).size, all.length);
      });

      it('has no required input and none that becomes a folder when it is empty', () => {
        for (const { name, required, type } of task.inputs) {
          assert.notEqual(required, true, name);
          assert.notEqual(type, 'filePath', name);
        }
      });

      it('helps with every input, with a link', () => {
        for (const { name, label, helpMarkDown = '' } of task.inputs) {
          assert.ok(label, name);
          assert.match(helpMarkDown, /\]\(https:\/\/[^)]+\)/, name);
        }
      });

      it('shows inputs and groups by rules that the editor can read', () => {
        for (const { name, visibleRule } of [...task.inputs, ...(task.groups ?? [])]) {
          if (visibleRule === undefined) continue;
          assert.ok(!(visibleRule.includes('&&') && visibleRule.includes('||')), `${name}: && and || are mixed`);
          for (const text of splitRule(visibleRule).predicates) {
            const predicate = readPredicate(text);
            assert.ok(predicate?.whole, `${name}: '${text}' is no predicate`);
            assert.ok(names.has(predicate.name), `${name}: there is no input '${predicate.name}'`);
          }
        }
      });

      it('has a rule only for values that the input can have', () => {
        for (const { name, visibleRule = '' } of [...task.inputs, ...(task.groups ?? [])]) {
          for (const predicate of splitRule(visibleRule).predicates.map(readPredicate)) {
            const input = task.inputs.find((one) => one.name === predicate?.name);
            const values = input?.type === 'boolean' ? ['true', 'false'] : Object.keys(input?.options ?? {});
            if (predicate && values.length) assert.ok(values.includes(predicate.value), `${name}: ${predicate.value}`);
          }
        }
      });

      it('puts inputs into groups that there are', () => {
        const groups = new Set((task.groups ?? []).map(({ name }) => name));
        for (const { name, groupName } of task.inputs) assert.ok(!groupName || groups.has(groupName), name);
        for (const group of groups)
          assert.ok(
            task.inputs.some(({ groupName }) => groupName === group),
            group,
          );
      });

      it('has a default among the options, or none', () => {
        for (const { name, options, defaultValue = '' } of task.inputs) {
          if (options) assert.ok(defaultValue === '' || String(defaultValue) in options, name);
        }
      });

      it('binds lists to inputs that there are, and lets their values be typed as well', () => {
        for (const { target, endpointId, endpointUrl = '', parameters = {} } of task.dataSourceBindings ?? []) {
          const input = task.inputs.find(({ name }) => name === target);
          assert.equal(input?.type, 'pickList', target);
          assert.equal(input.properties?.EditableOptions, 'True', target);
          const [, connection] = /^\$\((\w+)\)$/.exec(endpointId) ?? [];
          assert.ok(connection ? names.has(connection) : /^tfs:\w+$/.test(endpointId), endpointId);
          const used = [endpointUrl, ...Object.values(parameters)].flatMap((text) => [
            ...text.matchAll(/\$\((\w+)\)/g),
          ]);
          for (const [, name = ''] of used) assert.ok(names.has(name), `${target}: there is no input '${name}'`);
          for (const [, name = ''] of endpointUrl.matchAll(/\{\{\{?(\w+)\}\}/g))
            assert.ok(['skip', 'continuationToken'].includes(name) || name in parameters, `${target}: ${name}`);
        }
      });

      it('may set its outputs and nothing else', () => {
        const outputs = (task.outputVariables ?? []).map(({ name }) => name);
        const allowed = task.restrictions?.settableVariables?.allowed ?? [];
        const patterns = allowed.filter((name) => name.endsWith('*'));
        assert.deepEqual(
          allowed.filter((name) => !name.endsWith('*')),
          outputs,
        );
        assert.ok(patterns.every((pattern) => pattern === 'out_*'));
        for (const { name, description } of task.outputVariables ?? []) assert.ok(description, name);
      });
    });
  }
});
