import assert from 'node:assert/strict';
import { readInstalls, type RunInstruction } from '../../../../tasks/DockerBaseStaleCheck/packages/readInstalls';
import { brief, run } from './runs';

interface Case {
  title: string;
  runs: RunInstruction[];
  files?: Record<string, string>;
  installs: string[];
  options?: Record<string, object>;
  unreadable?: string[];
}

const index = { index: 'https://pypi.org/simple' };
const pythonEnv = new Map([
  ['package_index_url', 'https://pypi.org/simple'],
  ['python_version', '3.12'],
  ['pip_version', '25.0.1'],
  ['setuptools_version', '74.0.0'],
  ['wheel_version', '0.45.1'],
  ['virtualenv_version', '20.29.3'],
]);
const crossRan = { sources: [{ url: 'https://cloud.r-project.org/bin/linux/ubuntu', suite: '' }] };

// RUN lines of databricks/containers, jupyter/docker-stacks and rocker-org/rocker-versioned2, as their files have them.
const CASES: Case[] = [
  {
    title: 'ubuntu/R: a version from an ARG, an added source whose suite only the build knows',
    runs: [
      run(
        'apt-get update && apt-get install --yes software-properties-common apt-transport-https && gpg --keyserver hkp://keyserver.ubuntu.com:80 --recv-keys E298A3A825C0D65DFD57CBB651716619E084DAB9 && gpg -a --export E298A3A825C0D65DFD57CBB651716619E084DAB9 | sudo apt-key add - && add-apt-repository -y "deb https://cloud.r-project.org/bin/linux/ubuntu $(lsb_release -cs)-cran40/" && apt-get update && apt-get install --yes libssl-dev r-base=${r_version} r-base-dev=${r_version} r-recommended=${r_version} && add-apt-repository -r "deb https://cloud.r-project.org/bin/linux/ubuntu $(lsb_release -cs)-cran40/" && apt-key del E298A3A825C0D65DFD57CBB651716619E084DAB9 && apt-get clean && rm -rf /var/lib/apt/lists/* /tmp/* /var/tmp/*',
        { env: new Map([['r_version', '4.4.2-1.2404.0']]) },
      ),
    ],
    installs: [
      'apt software-properties-common (floating)',
      'apt apt-transport-https (floating)',
      'apt libssl-dev (floating)',
      'apt r-base 4.4.2-1.2404.0 (pinned)',
      'apt r-base-dev 4.4.2-1.2404.0 (pinned)',
      'apt r-recommended 4.4.2-1.2404.0 (pinned)',
    ],
    options: { 'software-properties-common': {}, 'libssl-dev': crossRan, 'r-base': crossRan },
    unreadable: ['the suite of https://cloud.r-project.org/bin/linux/ubuntu is only known in the build'],
  },
  {
    title: 'ubuntu/R: Posit at latest, an archive by URL, a repository of its own',
    runs: [
      run(
        `R -e "options(repos = list(CRAN = 'https://packagemanager.posit.co/cran/latest')); install.packages(c('hwriter', 'TeachingDemos', 'htmltools'))"  && R -e "install.packages('https://cran.r-project.org/src/contrib/Archive/hwriterPlus/hwriterPlus_1.0-3.tar.gz', repos=NULL, type='source')"  && R -e "install.packages('Rserve', repos='http://rforge.net/')"`,
      ),
    ],
    installs: [
      'cran hwriter (floating)',
      'cran TeachingDemos (floating)',
      'cran htmltools (floating)',
      'cran hwriterPlus 1.0-3 (pinned)',
      'cran Rserve (floating)',
    ],
    options: {
      TeachingDemos: { repos: ['https://packagemanager.posit.co/cran/latest'] },
      hwriterPlus: {
        location: 'https://cran.r-project.org/src/contrib/Archive/hwriterPlus/hwriterPlus_1.0-3.tar.gz',
        notComparable: 'it is one file',
      },
      Rserve: { repos: ['http://rforge.net/'] },
    },
  },
  {
    title: 'experimental/ubuntu/R/rstan: two PPAs, and a dated snapshot by the cut name repo',
    runs: [
      run(
        'add-apt-repository --yes "ppa:marutter/rrutter" && add-apt-repository --yes "ppa:marutter/c2d4u" && apt-get update && apt-get install --yes --no-install-recommends r-cran-rstan',
      ),
      run(`R -e "install.packages('htmltools', repo = 'https://cran.microsoft.com/snapshot/2019-06-19/')"`),
    ],
    installs: ['apt r-cran-rstan (floating)', 'cran htmltools (floating)'],
    options: {
      'r-cran-rstan': {
        sources: [
          { url: 'https://ppa.launchpadcontent.net/marutter/rrutter/ubuntu', suite: '' },
          { url: 'https://ppa.launchpadcontent.net/marutter/c2d4u/ubuntu', suite: '' },
        ],
      },
      htmltools: { repos: ['https://cran.microsoft.com/snapshot/2019-06-19/'], snapshot: '2019-06-19' },
    },
  },
  {
    title: 'ubuntu/python: get-pip.py with three pins',
    runs: [
      run(
        'apt-get update && apt-get install -y curl software-properties-common python${python_version} python${python_version}-dev && curl https://bootstrap.pypa.io/get-pip.py -o get-pip.py && /usr/bin/python${python_version} get-pip.py --index-url $package_index_url --break-system-packages pip==${pip_version} setuptools==${setuptools_version} wheel==${wheel_version} && rm get-pip.py',
        { env: pythonEnv },
      ),
    ],
    installs: [
      'apt curl (floating)',
      'apt software-properties-common (floating)',
      'apt python3.12 (floating)',
      'apt python3.12-dev (floating)',
      'pip pip 25.0.1 (pinned)',
      'pip setuptools 74.0.0 (pinned)',
      'pip wheel 0.45.1 (pinned)',
    ],
    options: { pip: index },
  },
  {
    title: 'ubuntu/python: pip by path and version; a download is no install',
    runs: [
      run(
        "/usr/local/bin/pip${python_version} install --index-url $package_index_url --break-system-packages --no-cache-dir virtualenv==${virtualenv_version} && sed -i -r 's/^(PERIODIC_UPDATE_ON_BY_DEFAULT) = True$/\\1 = False/' /usr/local/lib/python${python_version}/dist-packages/virtualenv/seed/embed/base_embed.py && /usr/local/bin/pip${python_version} download --index-url $package_index_url pip==${pip_version} --dest /usr/local/lib/python${python_version}/dist-packages/virtualenv_support/",
        { env: pythonEnv },
      ),
    ],
    installs: ['pip virtualenv 20.29.3 (pinned)'],
    options: { virtualenv: index },
  },
  {
    title: "ubuntu/python: the context's requirements.txt, copied to a folder",
    runs: [
      run(
        '/databricks/python3/bin/pip install --index-url $package_index_url --no-deps -r /databricks/requirements.txt',
        {
          env: pythonEnv,
          copies: [{ sources: ['requirements.txt'], dest: '/databricks/.' }],
        },
      ),
    ],
    files: { 'requirements.txt': 'annotated-types==0.7.0\nargon2_cffi==21.3.0\n' },
    installs: ['pip annotated-types 0.7.0 (pinned)', 'pip argon2-cffi 21.3.0 (pinned)'],
    options: { 'argon2-cffi': { ...index, file: '/databricks/requirements.txt:2' } },
  },
  {
    title: 'ubuntu/python-conda: an environment file with its pip part',
    runs: [
      run(
        '/databricks/conda/bin/conda env create --file /databricks/.conda-env-def/env.yml && ln -s /databricks/conda/etc/profile.d/conda.sh /etc/profile.d/conda.sh',
        { copies: [{ sources: ['env.yml'], dest: '/databricks/.conda-env-def/env.yml' }] },
      ),
      run(
        '/databricks/conda/bin/conda config --system --set channel_priority strict && /databricks/conda/bin/conda config --system --set always_yes True',
      ),
    ],
    files: {
      'env.yml':
        'name: dcs-minimal\nchannels:\n  - default\ndependencies:\n  - python=3.8.8\n  - six=1.15.0\n  - nomkl=3.0\n  - pip:\n    - pyarrow==1.0.1\n',
    },
    installs: [
      'conda python 3.8.8 (pinned)',
      'conda six 1.15.0 (pinned)',
      'conda nomkl =3.0 (ranged)',
      'pip pyarrow 1.0.1 (pinned)',
    ],
    options: {
      python: { channels: ['default'], file: '/databricks/.conda-env-def/env.yml' },
      pyarrow: { file: '/databricks/.conda-env-def/env.yml' },
    },
  },
  {
    title: 'experimental/ubuntu/python3.8: a conda pin after an installer script',
    runs: [
      run(
        "wget --quiet --output-document miniconda.sh https://repo.continuum.io/miniconda/Miniconda3-4.5.12-Linux-x86_64.sh && (echo '866ae9dff53ad0874e1d1a60b1ad1ef8  miniconda.sh' | md5sum -c) && /bin/bash miniconda.sh -b -p /databricks/conda && rm miniconda.sh && /databricks/conda/bin/conda install --name base conda=4.6.12",
      ),
    ],
    installs: ['conda conda 4.6.12 (pinned)'],
    unreadable: ["bash runs the script 'miniconda.sh'"],
  },
  {
    title: 'ubuntu/minimal: the whole distribution, a local package, versions from an ARG',
    runs: [
      run(
        'apt-get update && apt-get -y upgrade && apt-get install --yes iproute2 bash && apt-get clean && rm -rf /var/lib/apt/lists/* /tmp/* /var/tmp/*',
      ),
      run(
        'curl -O https://cdn.azul.com/zulu/bin/zulu-repo_1.0.0-3_all.deb && apt-get install ./zulu-repo_1.0.0-3_all.deb && rm zulu-repo_1.0.0-3_all.deb',
      ),
      run('apt-get install -y zulu8=$JDK8_VERSION zulu8-jre=$JDK8_VERSION', {
        env: new Map([['JDK8_VERSION', '8.0.432-1']]),
      }),
    ],
    installs: [
      'apt * (floating)',
      'apt iproute2 (floating)',
      'apt bash (floating)',
      'apt zulu-repo 1.0.0-3 (pinned)',
      'apt zulu8 8.0.432-1 (pinned)',
      'apt zulu8-jre 8.0.432-1 (pinned)',
    ],
    options: { 'zulu-repo': { location: './zulu-repo_1.0.0-3_all.deb', notComparable: 'it is one file' } },
  },
  {
    title: 'ubuntu/gpu/cuda-11.8/pytorch: two pins',
    runs: [
      run(
        '/databricks/python3/bin/pip install --index-url $package_index_url torch==2.0.1 torchvision==0.15.2 && /databricks/python3/bin/pip cache purge',
        { env: pythonEnv },
      ),
    ],
    installs: ['pip torch 2.0.1 (pinned)', 'pip torchvision 0.15.2 (pinned)'],
    options: { torch: index },
  },
  {
    title: 'ubuntu/blackice: a piped script, a loop, an upgrade of pip and uv',
    runs: [
      run(
        'apt-get update && apt-get install -y --no-install-recommends curl && curl -fsSL https://deb.nodesource.com/setup_20.x | bash - && apt-get update && apt-get install -y --no-install-recommends git nodejs && rm -rf /var/lib/apt/lists/* && /usr/local/bin/pip install --index-url $package_index_url --no-cache-dir --upgrade --break-system-packages pip uv',
        { env: pythonEnv },
      ),
      run(
        `for tool in $PYTHON_TOOLS; do TOOL_NAME=$(echo $tool | sed 's/\\[.*\\]//; s/==.*//'); if echo "$SYSTEM_TOOLS" | grep -q "$TOOL_NAME"; then echo "skipping"; continue; fi; uv venv $VENV_BASE/$TOOL_NAME --python=python3; uv pip install --no-cache-dir $tool --python "$VENV_BASE/$TOOL_NAME/bin/python"; done`,
        { env: new Map([['PYTHON_TOOLS', 'fickling==0.1.4 garak==0.13.1']]) },
      ),
    ],
    installs: [
      'apt curl (floating)',
      'apt git (floating)',
      'apt nodejs (floating)',
      'pip pip (floating)',
      'pip uv (floating)',
    ],
    options: { uv: index },
    unreadable: [
      "bash runs what 'curl -fsSL https://deb.nodesource.com/setup_20.x' gives",
      "pip installs '$tool': it depends on the loop variable 'tool'",
    ],
  },
  {
    title: 'experimental/alpine/minimal: floating Python and Alpine packages',
    runs: [
      run('/databricks/python3/bin/pip install six matplotlib Ipython pyspark nbconvert'),
      run('apk add   bash   coreutils   procps', { stage: 1 }),
    ],
    installs: [
      'pip six (floating)',
      'pip matplotlib (floating)',
      'pip ipython (floating)',
      'pip pyspark (floating)',
      'pip nbconvert (floating)',
      'apk bash (floating)',
      'apk coreutils (floating)',
      'apk procps (floating)',
    ],
  },
  {
    title: 'jupyter r-notebook: conda-forge by mamba',
    runs: [
      run(
        `mamba install --yes 'r-base' 'r-caret' 'unixodbc' && mamba clean --all -f -y && fix-permissions "\${CONDA_DIR}" && fix-permissions "/home/\${NB_USER}"`,
        { shell: ['/bin/bash', '-o', 'pipefail', '-c'] },
      ),
    ],
    installs: ['conda r-base (floating)', 'conda r-caret (floating)', 'conda unixodbc (floating)'],
    options: { 'r-caret': { channels: ['conda-forge'] } },
  },
  {
    title: 'jupyter pytorch-notebook: an index of its own',
    runs: [
      run(
        `pip install -v --no-cache-dir --index-url 'https://download.pytorch.org/whl/cpu' 'torch' 'torchaudio' 'torchvision' && fix-permissions "\${CONDA_DIR}"`,
      ),
    ],
    installs: ['pip torch (floating)', 'pip torchaudio (floating)', 'pip torchvision (floating)'],
    options: { torch: { index: 'https://download.pytorch.org/whl/cpu' } },
  },
  {
    title: 'jupyter docker-stacks-foundation: what a condition or a command decides is told',
    runs: [
      run(
        'set -x && PYTHON_SPECIFIER="python=${PYTHON_VERSION}" && if [ "${PYTHON_VERSION}" = "default" ]; then PYTHON_SPECIFIER="python"; fi && micromamba install --root-prefix="${CONDA_DIR}" --prefix="${CONDA_DIR}" --yes \'jupyter_core\' "mamba==$(micromamba --version)" "${PYTHON_SPECIFIER}"',
        { env: new Map([['PYTHON_VERSION', '3.13']]) },
      ),
    ],
    installs: ['conda jupyter_core (floating)'],
    unreadable: [
      "micromamba installs 'mamba==$(micromamba --version)': only the build knows $(micromamba --version)",
      "micromamba installs '${PYTHON_SPECIFIER}': $PYTHON_SPECIFIER is set in a condition or a loop",
    ],
  },
  {
    title: 'rocker: a script of the image',
    runs: [run('/rocker_scripts/install_R_source.sh')],
    installs: [],
    unreadable: ["'/rocker_scripts/install_R_source.sh' is a script, which is not read"],
  },
];

describe('RUN lines of real Dockerfiles', () => {
  for (const { title, runs, files = {}, installs, options = {}, unreadable = [] } of CASES) {
    it(`are read as they are meant: ${title}`, () => {
      const read = readInstalls(runs, (path) => files[path]);
      assert.deepEqual(read.installs.map(brief), installs);
      assert.deepEqual(
        read.unreadable.map(({ reason }) => reason),
        unreadable,
      );
      for (const [name, expected] of Object.entries(options)) {
        assert.deepEqual(read.installs.find((install) => install.name === name)?.options, expected, name);
      }
    });
  }
});
