import assert from 'node:assert/strict';
import {
  evaluateMarker,
  markerEnvironment,
  type MarkerValue,
} from '../../../../tasks/DockerBaseStaleCheck/packages/markers';
import { mutations } from './mutations';

const PYTHON = { minor: '3.12', full: '3.12.4', implementation: 'CPython' as const };

/** In python:3.12.4 on linux/amd64. https://packaging.python.org/specifications/dependency-specifiers/#environment-markers */
const TABLE: readonly (readonly [marker: string, value: MarkerValue])[] = [
  ['python_version < "3.9"', 'false'],
  ['python_version >= "3.9"', 'true'],
  ["python_version=='3.12'", 'true'],
  ['python_version == "3.*"', 'true'],
  ['python_version < "3.2"', 'false'],
  ['"3.9" < python_version', 'true'],
  ['python_version ~= "3.11"', 'true'],
  ['python_version != "2.7"', 'true'],
  ['python_version in "2.7 3.12"', 'true'],
  ['python_version not in "2.7, 3.6"', 'true'],
  ['python_version not  in "3.12"', 'false'],
  ['python_full_version < "3.12.5"', 'true'],
  ['python_full_version <= "3.12.3"', 'false'],
  ["sys_platform == 'linux'", 'true'],
  ["sys_platform == 'win32'", 'false'],
  ["sys.platform != 'darwin'", 'true'],
  ["os_name == 'nt' or platform_system == 'Linux'", 'true'],
  ["os.name == 'posix' and platform_machine == 'x86_64'", 'true'],
  ["platform.machine == 'aarch64'", 'false'],
  ["platform_python_implementation == 'CPython'", 'true'],
  ["python_implementation == 'PyPy'", 'false'],
  ["implementation_name == 'cpython' and implementation_version >= '3.12'", 'true'],
  ["extra == 'test'", 'false'],
  ["extra == ''", 'true'],
  ["(python_version > '3' and sys_platform == 'win32') or (os_name == 'posix')", 'true'],
  ["python_version > '3' and (sys_platform == 'win32' or os_name == 'nt')", 'false'],
  // 'and' binds closer than 'or'.
  ["os_name == 'posix' or os_name == 'nt' and os_name == 'java'", 'true'],
  ["platform_release >= '5'", 'unknown'],
  ["'microsoft' in platform_release", 'unknown'],
  ["platform_release >= '5' and sys_platform == 'win32'", 'false'],
  ["platform_release >= '5' or sys_platform == 'linux'", 'true'],
  ["platform_release >= '5' or sys_platform == 'win32'", 'unknown'],
  ["platform_version == '#1' and sys_platform == 'linux'", 'unknown'],
  ['', 'invalid'],
  ['python_version', 'invalid'],
  ['python_version <', 'invalid'],
  ["python_version = '3'", 'invalid'],
  ["nonsense == '3'", 'invalid'],
  ["python_version > '3' and", 'invalid'],
  ["(python_version > '3'", 'invalid'],
  ["python_version > '3')", 'invalid'],
  ["python_version > '3", 'invalid'],
  ["sys_platform ~= 'linux'", 'invalid'],
  ["python_version > '3' os_name == 'posix'", 'invalid'],
  [`${'('.repeat(200)}os_name == 'posix'${')'.repeat(200)}`, 'invalid'],
];

describe("A Python requirement's marker", () => {
  for (const [marker, value] of TABLE) {
    it(`${marker.slice(0, 90)} is ${value}`, () => {
      assert.equal(evaluateMarker(marker, markerEnvironment('linux/amd64', PYTHON)), value);
    });
  }

  it('is decided for its platform, and for no Python more than is known of it', () => {
    const value = (marker: string, platform?: string, python?: Parameters<typeof markerEnvironment>[1]) =>
      evaluateMarker(marker, markerEnvironment(platform, python));
    assert.equal(value("platform_machine == 'aarch64'", 'linux/arm64/v8'), 'true');
    assert.equal(value("platform_machine == 'armv6l'", 'linux/arm/v6'), 'true');
    assert.equal(value("platform_machine == 'armv7l'", 'linux/arm'), 'true');
    assert.equal(value("sys_platform == 'win32' and platform_machine == 'AMD64'", 'windows(10.0.20348)/amd64'), 'true');
    assert.equal(value("platform_machine == 'x86_64'"), 'true');
    assert.equal(value("sys_platform == 'linux'", 'freebsd/amd64'), 'unknown');
    assert.equal(value("python_version < '3.9'"), 'unknown');
    assert.equal(value("python_full_version < '3.9.2'", undefined, { ...PYTHON, full: undefined }), 'unknown');
    assert.equal(value("implementation_version < '9'", undefined, { ...PYTHON, implementation: 'PyPy' }), 'unknown');
    assert.equal(value("implementation_name == 'pypy'", undefined, { ...PYTHON, implementation: 'PyPy' }), 'true');
  });

  it('is never an exception, whatever it is', () => {
    for (const [marker] of TABLE) {
      for (const text of mutations(marker, { seed: 3, count: 40 })) evaluateMarker(text, markerEnvironment());
    }
  });
});
