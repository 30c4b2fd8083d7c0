import assert from 'node:assert/strict';
import { readInstalls } from '../../../../tasks/DockerBaseStaleCheck/packages/readInstalls';
import { mutations } from './mutations';
import { brief, firstOf, installsOf, run, unreadableOf } from './runs';

/** Rows of `shell text → installs`, with the files of the context. */
function table(rows: [string, string[]][], files: Record<string, string> = {}): void {
  for (const [text, expected] of rows) assert.deepEqual(installsOf(text, {}, files), expected, text);
}

describe('pip installs', () => {
  it('are read from every way to call pip', () => {
    table([
      ['pip install a', ['pip a (floating)']],
      ['pip3.11 --no-cache-dir install -U a', ['pip a (floating)']],
      ['/opt/venv/bin/pip3 install a', ['pip a (floating)']],
      ['pip$V install a', ['pip a (floating)']],
      ['python3 -m pip install a b', ['pip a (floating)', 'pip b (floating)']],
      ['/usr/bin/python -I -m pip install a', ['pip a (floating)']],
      ['uv pip install --system a', ['pip a (floating)']],
      ['uv add a', ['pip a (floating)']],
      ['uv tool install ruff@0.4.1', ['pip ruff 0.4.1 (pinned)']],
      ['pipx install poetry==1.8', ['pip poetry 1.8 (pinned)']],
      ['pipx inject poetry plugin', ['pip plugin (floating)']],
      ['curl -s https://x/get-pip.py | python3 - pip==24.0', ['pip pip 24.0 (pinned)']],
      ['python get-pip.py', ['pip pip (floating)']],
      ['pip download a && pip wheel b && pip list', []],
    ]);
  });

  it('keep what the requirement says', () => {
    table([
      ["pip install 'a>=1,<2'", ['pip a >=1,<2 (ranged)']],
      ['pip install "a ~= 1.4"', ['pip a ~= 1.4 (ranged)']],
      ['pip install a==1.*', ['pip a ==1.* (ranged)']],
      ['pip install a===1.0-weird', ['pip a 1.0-weird (pinned)']],
      ['pip install Zope.Interface==5', ['pip zope-interface 5 (pinned)']],
      ['pip install a>=1', ['pip a (floating)']],
      ['pip install "a (>=1)"', ['pip a >=1 (ranged)']],
      ['pip install {a,b}==1.0', ['pip a 1.0 (pinned)', 'pip b 1.0 (pinned)']],
    ]);
    const install = firstOf(
      `pip install "a[x,y]>=1; python_version < '3.9'" --pre -i https://i/simple --extra-index-url=https://e`,
      { target: { platform: undefined, python: { minor: '3.8', full: undefined, implementation: 'CPython' } } },
    );
    assert.deepEqual(install.options, {
      extras: ['x', 'y'],
      marker: "python_version < '3.9'",
      prereleases: true,
      index: 'https://i/simple',
      extraIndexes: ['https://e'],
    });
  });

  it('count where their marker holds for the Python and the platform, and are said where only the build knows', () => {
    const python = { minor: '3.12', full: undefined, implementation: 'CPython' as const };
    const rows: [text: string, installs: string[], unreadable?: RegExp][] = [
      [`pip install "a; python_version >= '3.9'" 'b; python_version < "3.9"'`, ['pip a (floating)']],
      [`pip install "a ; sys_platform == 'win32'" "b;os_name=='posix'"`, ['pip b (floating)']],
      // What a command's own name says of its Python counts, not what the image has beside it.
      [`pip3.8 install "a; python_version < '3.9'"`, ['pip a (floating)']],
      [`python3.8 -m pip install "a; python_version < '3.9'"`, ['pip a (floating)']],
      [`uv pip install --python 3.8 "a; python_version < '3.9'"`, ['pip a (floating)']],
      [`pypy -m pip install "a; implementation_name == 'pypy'"`, ['pip a (floating)']],
      [`pip3.12 install "a; python_version < '3.9'"`, []],
      ['pip install -r r.txt', ['pip a (floating)', 'pip c 1.0 (pinned)', 'pip d <2 (ranged)']],
      [
        `pip install "a; platform_release >= '5'"`,
        [],
        /whether pip takes a hangs on its marker 'platform_release >= '5''/,
      ],
      [`pip install "a; python_full_version < '3.12.2'" b`, ['pip b (floating)'], /which only the build knows/],
      [`pip install "a; pyton < '3'"`, [], /the marker 'pyton < '3'' of a is none/],
    ];
    const requirements = [
      ...["a; python_version > '3'", 'b==1.0 ; python_version < "3" and sys_platform == "linux"  # old'],
      ...["c==1.0; python_version >= '3.10' --hash=sha256:00", 'd', '-c c.txt'],
    ].join('\n');
    const files: Record<string, string> = {
      'r.txt': requirements,
      'c.txt': "d<2; python_version >= '3.12'\nd>=1; python_version < '3'\na<1; sys_platform == 'win32'\n",
    };
    for (const [text, installs, said] of rows) {
      const read = readInstalls([run(text, { target: { platform: 'linux/amd64', python } })], (file) => files[file]);
      assert.deepEqual(read.installs.map(brief), installs, text);
      const reasons = read.unreadable.map(({ reason }) => reason).join();
      if (said) assert.match(reasons, said);
      else assert.equal(reasons, '', text);
    }
    assert.match(unreadableOf(`pip install "a; python_version < '3.9'"`).join(), /which only the build knows/);
  });

  it('name what no index knows', () => {
    const rows: [string, string, string, string][] = [
      ['git+https://github.com/o/tool.git@v1.2#egg=tool', 'tool', 'v1.2', 'it comes from a repository'],
      ['git+ssh://git@github.com/o/tool.git', 'tool', '', 'it comes from a repository'],
      ['https://h/x/foo_bar-1.0-py3-none-any.whl', 'foo-bar', '1.0', 'it comes from a URL'],
      ['"a @ https://h/a-2.0.tar.gz"', 'a', '2.0', 'it comes from a URL'],
      ['./wheels/a-2.0.tar.gz', 'a', '2.0', 'it is local'],
      ['-e /src/project', 'project', '', 'it is local'],
      ['.[dev]', '.', '', 'it is local'],
    ];
    for (const [text, name, wanted, why] of rows) {
      const { options, ...install } = firstOf(`pip install ${text}`);
      assert.deepEqual([install.name, install.wanted, options.notComparable], [name, wanted, why], text);
    }
  });

  it('follow requirements and constraints files, however they nest', () => {
    const files = {
      'req/all.txt':
        '# all\n-r base.txt\n-c ../limits.txt\nB [x] >= 1 ; os_name == "posix" # why\n--index-url https://i\n',
      'req/base.txt': '\uFEFFa==1.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\nc\r\nd\n-r all.txt\n',
      'limits.txt': 'c==3.0\nd<4\na==9\n',
    };
    assert.deepEqual(installsOf('pip install -r req/all.txt e', {}, files), [
      'pip e (floating)',
      'pip b >= 1 (ranged)',
      'pip a 1.0 (pinned)',
      'pip c 3.0 (pinned)',
      'pip d <4 (ranged)',
    ]);
    const { installs } = readInstalls([run('pip install -r req/all.txt')], (path) => files[path as keyof typeof files]);
    assert.deepEqual(
      installs.map(({ options }) => [options.file, options.index]),
      [
        ['req/all.txt:4', 'https://i'],
        ['req/base.txt:1', 'https://i'],
        ['req/base.txt:4', 'https://i'],
        ['req/base.txt:5', 'https://i'],
      ],
    );
  });

  it('read comments, continuations and variables of a requirements file as pip does', () => {
    const text = 'a==1\\\n# ends it\nb==${B}\nc==${C}\nhttps://h/d-1.0.zip#sha256=00\n-rmore.txt\n';
    const { installs, unreadable } = readInstalls(
      [run('pip install -r r.txt', { env: new Map([['B', '2']]) })],
      (path) => (path === 'r.txt' ? text : undefined),
    );
    assert.deepEqual(installs.map(brief), ['pip a 1 (pinned)', 'pip b 2 (pinned)', 'pip d 1.0 (pinned)']);
    assert.deepEqual(
      unreadable.map(({ reason }) => reason),
      [
        "r.txt:4: 'c==${C}' names a variable whose value is not known",
        "pip reads 'more.txt', which is not in the build context",
      ],
    );
  });

  it('take the index from the environment', () => {
    assert.equal(
      firstOf('pip install a', { env: new Map([['PIP_INDEX_URL', 'https://i']]) }).options.index,
      'https://i',
    );
    assert.equal(firstOf('PIP_INDEX_URL=https://j pip install a').options.index, 'https://j');
    assert.equal(firstOf('pip config set global.index-url https://k && pip install a').options.index, 'https://k');
    assert.match(
      firstOf('pip install -i $PRIVATE a').options.notComparable ?? '',
      /its index '\$PRIVATE' is not known/,
    );
  });
});

describe('conda installs', () => {
  it('are read as conda reads its specifications', () => {
    table([
      ['conda install -y -n base -c conda-forge a', ['conda a (floating)']],
      [
        'conda install a=1.2.3 b=1.2 c==1.2 "d>=1,<2" e=1.2=py39_0 f=1.2=py39*',
        [
          'conda a 1.2.3 (pinned)',
          'conda b =1.2 (ranged)',
          'conda c 1.2 (pinned)',
          'conda d >=1,<2 (ranged)',
          'conda e 1.2 (pinned)',
          'conda f 1.2=py39* (ranged)',
        ],
      ],
      [
        "conda install 'a[version=\">=1\"]' 'b 1.2.*' 'c 1.2 py39_0' 'd=1.*'",
        ['conda a >=1 (ranged)', 'conda b 1.2.* (ranged)', 'conda c 1.2 (pinned)', 'conda d 1.* (ranged)'],
      ],
      [
        'micromamba create -qy -n e python=3.12 && mamba update --all',
        ['conda python =3.12 (ranged)', 'conda * (floating)'],
      ],
      ['conda install https://h/linux-64/a-1.2-py39_0.conda', ['conda a 1.2 (pinned)']],
      ['conda clean -afy && conda init bash && conda list', []],
      ['conda run -n e pip install a', ['pip a (floating)']],
    ]);
  });

  it('know their channels', () => {
    assert.deepEqual(firstOf('conda install -c a --channel=b x').options.channels, ['a', 'b']);
    assert.deepEqual(firstOf('conda install -c a bioconda::x').options.channels, ['bioconda']);
    assert.deepEqual(firstOf('conda config --add channels c && conda install x').options.channels, ['c']);
    assert.equal(firstOf('conda install x').options.channels, undefined);
    assert.deepEqual(firstOf('mamba install x').options.channels, ['conda-forge']);
  });

  it('follow environment files and lists', () => {
    const files = {
      'environment.yml':
        'channels: [conda-forge, nodefaults]\ndependencies:\n- a>=1\n- b\n- pip\n- pip: ["c==1", "-r more.txt"]\n',
      'more.txt': 'd\n',
      'list.txt': '# one\na=1.2.3\n@EXPLICIT\nhttps://h/noarch/b-2-0.tar.bz2#00\n',
      'odd.yml': ': [',
    };
    assert.deepEqual(installsOf('conda env create', {}, files), [
      'conda a >=1 (ranged)',
      'conda b (floating)',
      'conda pip (floating)',
      'pip c 1 (pinned)',
      'pip d (floating)',
    ]);
    assert.deepEqual(installsOf('mamba create -n x --file list.txt', {}, files), [
      'conda a 1.2.3 (pinned)',
      'conda b 2 (pinned)',
    ]);
    assert.deepEqual(readInstalls([run('mamba env update -f odd.yml')], () => files['odd.yml']).unreadable, [
      { line: 1, reason: 'odd.yml is no conda environment file' },
    ]);
  });
});

describe('npm installs', () => {
  it('are read with scopes, ranges and tags', () => {
    table([
      [
        'npm install -g a@1.2.3 @s/b@^2 c@latest @s/d',
        ['npm a 1.2.3 (pinned)', 'npm @s/b ^2 (ranged)', 'npm c (floating)', 'npm @s/d (floating)'],
      ],
      ['npm i --global a@1', ['npm a 1 (ranged)']],
      ['yarn global add a@~1.2', ['npm a ~1.2 (ranged)']],
      ['pnpm add -g a', ['npm a (floating)']],
      ['npm install -g x@npm:@s/y@1.0.0', ['npm @s/y 1.0.0 (pinned)']],
      ['npm ci && npm run build && yarn install', []],
    ]);
    assert.equal(firstOf('npm i -g a@next').options.tag, 'next');
    assert.equal(firstOf('npm i -g o/r#v1').options.notComparable, 'it comes from a repository');
    assert.equal(firstOf('npm i -g ./a.tgz').options.notComparable, 'it is a URL or a path');
  });

  it('know their registry', () => {
    assert.equal(firstOf('npm config set registry https://r/ && npm i -g a').options.index, 'https://r/');
    assert.equal(firstOf('npm i -g a --registry=https://r/').options.index, 'https://r/');
    assert.equal(
      firstOf('npm i -g a', { env: new Map([['NPM_CONFIG_REGISTRY', 'https://e/']]) }).options.index,
      'https://e/',
    );
  });
});

describe('apt and apk installs', () => {
  it('are read with versions, suites and architectures', () => {
    table([
      [
        'apt-get install -yq --no-install-recommends a b=1.2-3 c=1.* d/sid e:amd64 f+ g- g++ libstdc++6',
        [
          'apt a (floating)',
          'apt b 1.2-3 (pinned)',
          'apt c 1.* (ranged)',
          'apt d (floating)',
          'apt e (floating)',
          'apt f (floating)',
          'apt g++ (floating)',
          'apt libstdc++6 (floating)',
        ],
      ],
      ['apt-get -qq -o Dpkg::Use-Pty=0 -y install a', ['apt a (floating)']],
      ['DEBIAN_FRONTEND=noninteractive aptitude install a', ['apt a (floating)']],
      ['sudo -E apt full-upgrade -y', ['apt * (floating)']],
      ['dpkg -i /tmp/a_2%3a1.0_amd64.deb', ['apt a 2:1.0 (pinned)']],
      [
        'apk add --no-cache -t .x a=1.2-r0 b~=1.2 "c>1" d@edge !e',
        ['apk a 1.2-r0 (pinned)', 'apk b ~=1.2 (ranged)', 'apk c >1 (ranged)', 'apk d (floating)'],
      ],
      ['apk --update --no-cache upgrade', ['apk * (floating)']],
    ]);
    assert.equal(firstOf('apt-get install -t bookworm-backports a').options.suite, 'bookworm-backports');
    assert.equal(firstOf('apt-get install a/sid').options.suite, 'sid');
    assert.equal(firstOf('apt-get install a:arm64').options.architecture, 'arm64');
    assert.equal(firstOf('apk add a@edge').options.suite, 'edge');
  });

  it('leave out what the same stage removes', () => {
    table([
      ['apk add --virtual .b gcc make && apk add a && apk del .b', ['apk a (floating)']],
      ['apt-get install -y gcc a && apt-get purge -y --auto-remove gcc', ['apt a (floating)']],
      ['pip install a B.c && pip uninstall -y b_c', ['pip a (floating)']],
      ['apt-get install -y a || apt-get purge -y a', ['apt a (floating)']],
    ]);
    const elsewhere = [run('apk add a', { stage: 0 }), run('apk del a', { stage: 1 })];
    assert.deepEqual(readInstalls(elsewhere, () => undefined).installs.map(brief), ['apk a (floating)']);
  });

  it('know the sources that the stage added', () => {
    const text =
      'echo "deb [signed-by=/k.gpg] https://download.example/linux bookworm stable" > /etc/apt/sources.list.d/x.list && apt-get install -y a';
    assert.deepEqual(firstOf(text).options.sources, [{ url: 'https://download.example/linux', suite: 'bookworm' }]);
    const apk = 'echo "@edge https://mirror.example/edge/testing" >> /etc/apk/repositories && apk add a@edge';
    assert.deepEqual(firstOf(apk).options.sources, [{ url: 'https://mirror.example/edge/testing', suite: 'edge' }]);
    assert.deepEqual(firstOf('apk add -X https://mirror.example/main a').options.sources, [
      { url: 'https://mirror.example/main', suite: '' },
    ]);
  });
});

describe('R installs', () => {
  it('are read from code and from the scripts of littler', () => {
    table(
      [
        [
          `Rscript -e 'install.packages(c("a", "b"))' -e "remotes::install_version('c', '1.0')"`,
          ['cran a (floating)', 'cran b (floating)', 'cran c 1.0 (pinned)'],
        ],
        [`R -q -e 'p <- c("a"); install.packages(p)'`, ['cran a (floating)']],
        [
          `R -e "if (!require('pak')) install.packages('pak'); pak::pkg_install(c('a@1.0', 'bioc::b', 'o/r@v1'))"`,
          ['cran pak (floating)', 'cran a 1.0 (pinned)', 'cran b (floating)', 'cran r v1 (pinned)'],
        ],
        [`R -e 'BiocManager::install("DESeq2")'`, ['cran DESeq2 (floating)']],
        [`R -e 'remotes::install_github("o/r", ref = "main")'`, ['cran r main (pinned)']],
        [`R -e "remotes::install_version('a', version = '>= 1.0, < 2')"`, ['cran a >= 1.0, < 2 (ranged)']],
        ['install2.r --error --skipinstalled -n 4 -r https://c/ a b', ['cran a (floating)', 'cran b (floating)']],
        ['installGithub.r -d TRUE o/r@abc', ['cran r abc (pinned)']],
        ['R CMD INSTALL a_1.0.tar.gz && R CMD javareconf', ['cran a 1.0 (pinned)']],
        [`R -e 'renv::restore()'`, ['cran a 1.0-2 (pinned)', 'cran b 3.1 (pinned)']],
        ['R -e "library(a); x <- 1 + 2"', []],
      ],
      {
        'renv.lock':
          '{"R":{},"Packages":{"a":{"Package":"a","Version":"1.0-2","Source":"Repository"},"b":{"Version":"3.1","Source":"Bioconductor"},"c":null}}',
      },
    );
    assert.equal(firstOf(`R -e 'BiocManager::install("a")'`).options.bioconductor, true);
    assert.deepEqual(firstOf('install2.r -r https://c/2024-01-31 a').options, {
      repos: ['https://c/2024-01-31'],
      snapshot: '2024-01-31',
    });
  });

  it('are read from standard input', () => {
    const heredocs = [
      { name: 'EOF', expand: false, text: 'pkgs <- c("a",\n  "b")\ninstall.packages(pkgs)\ninstall.packages("c")\n' },
    ];
    assert.deepEqual(installsOf("R --no-save <<'EOF'", { heredocs }), [
      'cran a (floating)',
      'cran b (floating)',
      'cran c (floating)',
    ]);
  });
});

describe('shell text around installs', () => {
  it('is followed where it can be', () => {
    table([
      ['set -eux; V=1.0; export W=2.0 && pip install a==$V "b==${W}"', ['pip a 1.0 (pinned)', 'pip b 2.0 (pinned)']],
      ['bash -ec "cd /x && pip install a"', ['pip a (floating)']],
      ["su user -c 'pip install a'", ['pip a (floating)']],
      ['(cd /x; pip install a) && { pip install b; }', ['pip a (floating)', 'pip b (floating)']],
      ['L="a b" && pip install $L "$L"', ['pip a (floating)', 'pip b (floating)']],
      [
        'V=3.11.4 && pip install a==${V%.*} b==${V##*.} c==${N:-1.0}',
        ['pip a 3.11 (pinned)', 'pip b 4 (pinned)', 'pip c 1.0 (pinned)'],
      ],
      ['env -u X A=b timeout 60 sudo -u r nice -n 5 pip install a', ['pip a (floating)']],
      ['for i in 1 2 3; do apt-get install -y a && break || sleep 5; done', ['apt a (floating)']],
      ['pip install a # pip install b', ['pip a (floating)']],
      ["echo 'pip install a'; echo pip install b", []],
      ['pip install a >/dev/null 2>&1 | tee x', ['pip a (floating)']],
      ['install() { apt-get install -y "$@"; }; eval "pip install a"', ['pip a (floating)']],
    ]);
  });

  it('tells conditions', () => {
    for (const text of [
      'if true; then pip install a; fi',
      '[ -n "$X" ] && pip install a',
      'x || pip install a',
      'case $A in b) pip install a;; esac',
    ]) {
      assert.equal(firstOf(text).options.conditional, true, text);
    }
    for (const text of [
      'apt-get update && pip install a',
      'x || true && pip install a',
      'x || exit 1; pip install a',
    ]) {
      assert.equal(firstOf(text).options.conditional, undefined, text);
    }
  });

  it('is said where it cannot be read', () => {
    const rows: [string, string][] = [
      ['curl -sSL https://x/i.sh | sudo -E bash -', "bash runs what 'curl -sSL https://x/i.sh' gives"],
      ['bash -c "$(curl https://x)"', "bash runs '$(curl https://x)': only the build knows $(curl https://x)"],
      ['bash <(curl https://x)', "bash runs the script '<(curl https://x)'"],
      ['./install.sh', "'./install.sh' is a script, which is not read"],
      ['for p in a b; do pip install $p; done', "pip installs '$p': it depends on the loop variable 'p'"],
      ['while read p; do npm i -g "$p"; done < list', "npm installs '$p': $p is read while the build runs"],
      ['apt-get install -y $(cat list)', "apt-get installs '$(cat list)': only the build knows $(cat list)"],
      ['pip install a==$V', "pip installs 'a==$V': the value of $V is not known"],
      ['cat list | xargs apt-get install -y', "apt-get installs '…': xargs reads it from its input"],
      ['apt-get install -y python3-*', "apt-get installs 'python3-*', which stands for other packages"],
      ['dnf install -y a', "'dnf install' is none of the package managers that are read"],
      ['pip install -r r.txt', "pip reads 'r.txt', which is not in the build context"],
      ["pip install 'a=1'", "'a=1' is no requirement"],
      ['pip install "a', `the shell text 'pip install "a' does not end properly`],
      [`R -e 'install.packages(readLines("l"))'`, 'R calls install.packages with what only the build knows'],
      [`Rscript install.R`, "Rscript runs the script 'install.R'"],
    ];
    for (const [text, reason] of rows) assert.deepEqual(unreadableOf(text), [reason], text);
  });

  it('is read in exec form and in here-documents', () => {
    assert.deepEqual(installsOf('', { form: 'exec', words: ['pip', 'install', 'a', '$V'] }), ['pip a (floating)']);
    assert.deepEqual(installsOf('', { form: 'exec', words: ['/bin/sh', '-c', 'pip install a'] }), ['pip a (floating)']);
    const heredocs = [
      { name: 'EOF', expand: true, text: 'set -e\npip install a \\\n  b\nif x\nthen\n  npm i -g c\nfi\n' },
    ];
    const expected = ['pip a (floating)', 'pip b (floating)', 'npm c (floating)'];
    assert.deepEqual(installsOf('<<EOF', { heredocs }), expected);
    assert.deepEqual(installsOf('bash -e <<EOF', { heredocs }), expected);
    assert.deepEqual(installsOf('cat <<EOF > /x', { heredocs }), []);
    assert.deepEqual(
      unreadableOf('<<EOF', { heredocs: [{ name: 'EOF', expand: true, text: '#!/usr/bin/env python3\nx\n' }] }),
      ['a script for /usr/bin/env python3 is not read'],
    );
  });

  it('is not read when it is not for a POSIX shell', () => {
    const shell = ['powershell', '-Command'];
    assert.deepEqual(unreadableOf('pip install a', { shell }), ['the text is for powershell, which is not read']);
    assert.deepEqual(installsOf('pip install a', { shell: ['/bin/bash', '-o', 'pipefail', '-c'] }), [
      'pip a (floating)',
    ]);
    assert.deepEqual(unreadableOf("$ErrorActionPreference = 'Stop'; pip install a"), [
      'the text is for PowerShell, which is not read',
    ]);
  });
});

describe('files of the build context', () => {
  const files = { 'app/requirements.txt': 'a\n', 'requirements.txt': 'b\n' };

  it('are found by the copy that brought them into the image', () => {
    const rows: [string, { sources: string[]; dest: string; workdir?: string }[], string, string[]][] = [
      ['-r /r.txt', [{ sources: ['requirements.txt'], dest: '/r.txt' }], '/', ['pip b (floating)']],
      ['-r requirements.txt', [{ sources: ['.'], dest: '.', workdir: '/app' }], '/app', ['pip b (floating)']],
      ['-r app/requirements.txt', [{ sources: ['.'], dest: '/src/' }], '/src', ['pip a (floating)']],
      ['-r /x/requirements.txt', [{ sources: ['app'], dest: '/x' }], '/', ['pip a (floating)']],
      ['-r /x/requirements.txt', [{ sources: ['app/require*.txt', 'z'], dest: '/x' }], '/', ['pip a (floating)']],
      [
        '-r /x/requirements.txt',
        [
          { sources: ['requirements.txt'], dest: '/x/' },
          { sources: ['app/requirements.txt'], dest: '/x/' },
        ],
        '/',
        ['pip a (floating)'],
      ],
      ['-r /y/requirements.txt', [{ sources: ['requirements.txt'], dest: '/x/' }], '/', []],
      ['-r /x/../../secret', [{ sources: ['app'], dest: '/' }], '/', []],
    ];
    for (const [text, copies, workdir, expected] of rows) {
      assert.deepEqual(installsOf(`pip install ${text}`, { copies, workdir }, files), expected, text);
    }
    assert.deepEqual(installsOf('cd app && pip install -r requirements.txt', {}, files), ['pip a (floating)']);
  });
});

describe('any shell text at all', () => {
  const SEEDS = [
    'apt-get update && apt-get install -y --no-install-recommends a=1.2 "b" \'c\' ${D:-d} $(cat x) && rm -rf /var/lib/apt/lists/*',
    'set -eux; for p in a b; do pip install "$p==${V%.*}" || exit 1; done; case $A in x|y) npm i -g z@1;; *) :;; esac',
    `R -e "options(repos = c(CRAN='https://c')); install.packages(c('a', \\"b\\"), repos=NULL)" | tee <(cat) <<EOF\nx\nEOF\n`,
    'if [ -f r.txt ]; then pip install -r r.txt -c c.txt; elif true; then conda env create -f env.yml; else ( { apk add -t .v a~1; } ); fi',
    'f() { bash -c "conda install -c ch \'x>=1,<2|3=py*\' y=1.2=0"; }; f && curl x | sh -s -- y >> z 2>&1 &',
  ];
  const FILES: Record<string, string> = {
    'r.txt': '-r r.txt\n-c c.txt\na[b]>=1;x\n',
    'c.txt': 'a==1\n',
    'env.yml': 'dependencies: [a=1, {pip: [b]}]\n',
  };

  it('is read without an error, and in no time', () => {
    for (const seed of SEEDS) {
      for (const text of mutations(seed, { seed: 11, count: 400 })) {
        const { installs, unreadable } = readInstalls([run(text)], (path) => FILES[path]);
        for (const install of installs) assert.ok(install.name !== '' && install.line === 1, text);
        for (const { reason } of unreadable) assert.ok(reason.length < 400, text);
      }
    }
  });

  it('may be broken files too', () => {
    for (const [name, content] of Object.entries(FILES)) {
      for (const text of mutations(content, { seed: 13, count: 300 })) {
        readInstalls(
          [run(`pip install -r ${name}; conda env create -f ${name}; R -e 'renv::restore(lockfile="${name}")'`)],
          () => text,
        );
      }
    }
  });

  it('may be very long or very deep', () => {
    const pieces = [
      '(',
      '{ ',
      '$(',
      '${a:-',
      '"',
      "'",
      '`',
      'if ',
      'a && ',
      'a | ',
      '<<E\n',
      '\\\n',
      'pip install a; ',
      'pip install {a,b}',
      'x=$x ',
      'R -e "c(',
      'case a in ',
      "R -e 'f(",
      'bash -c "',
      '#',
      '$((',
      '[[ ',
    ];
    for (const piece of pieces) readInstalls([run(piece.repeat(20_000))], () => undefined);
  });
});
