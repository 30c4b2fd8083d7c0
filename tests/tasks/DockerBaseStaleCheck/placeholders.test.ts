import assert from 'node:assert/strict';
import { fill, fillMap, fillMapForGroup, namesOf } from '../../../tasks/DockerBaseStaleCheck/placeholders';
import { readYamlMap, textsOf } from '../../../tasks/lib/yamlInput';

const read = (text: string) => readYamlMap(() => text, 'parameters');

describe('Placeholders', () => {
  it('are replaced, and a doubled dollar makes a literal one', () => {
    assert.equal(fill('${folder}/x:${baseTag}', { folder: 'a/b', baseTag: '1' }, 'tags'), 'a/b/x:1');
    assert.equal(fill('$${folder} ${image}', { folder: 'a' }, 'tags'), '${folder} ');
    assert.throws(() => fill('${Folder}', {}, 'tags'), /tags: '\$\{Folder\}' is no placeholder/);
  });

  it('stand in scalars only, and what they make is a text', async () => {
    const map = await read('image: ${folder}\nplain: 1.10\nnested: { list: ["${folder}", 7] }');
    assert.deepEqual(textsOf(fillMap(map, { folder: 'true' }, 'parameters')), {
      image: 'true',
      plain: '1.10',
      nested: '{"list":["true",7]}',
    });
  });

  it('become lists for a group, and other text is repeated', async () => {
    const map = await read('images: ${folder}\nflags: --image ${folder}\nenvironment: dev');
    assert.deepEqual(textsOf(fillMapForGroup(map, [{ folder: 'a' }, { folder: 'b' }], 'parameters')), {
      images: '["a","b"]',
      flags: '--image a --image b',
      environment: 'dev',
    });
  });

  it('have a name for every path, unlike all others', () => {
    const names = namesOf([
      'a/Dockerfile',
      'a-Dockerfile',
      '3d/Dockerfile',
      `${'x'.repeat(200)}1`,
      `${'x'.repeat(200)}2`,
    ]);
    assert.deepEqual([...names.values()].slice(0, 3), ['a_Dockerfile', 'a_Dockerfile_2', 'd_3d_Dockerfile']);
    assert.equal(new Set(names.values()).size, 5);
    for (const name of names.values()) assert.match(name, /^[A-Za-z][A-Za-z0-9_]{0,99}$/);
  });
});
