/** What the host page is told by its server. */
export interface PageOptions {
  /** Organization URLs as the browser reaches them. */
  core: string;
  release: string;
  token: string;
  /** Origin of the extension's own files. */
  files: string;
  tabs: Record<'run' | 'release', { id: string; uri: string }>;
}

const LIGHT = {
  'background-color': 'rgba(255, 255, 255, 1)',
  'text-primary-color': 'rgba(0, 0, 0, 0.9)',
  'text-secondary-color': 'rgba(0, 0, 0, 0.62)',
  'text-on-communication-background': 'rgba(255, 255, 255, 1)',
  'communication-background': 'rgba(0, 106, 190, 1)',
  'communication-foreground': 'rgba(0, 90, 158, 1)',
  'palette-primary': '0, 106, 190',
  'palette-primary-shade-10': '0, 90, 158',
  'palette-black-alpha-4': 'rgba(0, 0, 0, 0.04)',
  'palette-black-alpha-6': 'rgba(0, 0, 0, 0.06)',
  'palette-black-alpha-8': 'rgba(0, 0, 0, 0.08)',
  'palette-black-alpha-20': 'rgba(0, 0, 0, 0.2)',
  'palette-black-alpha-30': 'rgba(0, 0, 0, 0.3)',
  'status-success-foreground': 'rgba(85, 163, 98, 1)',
  'status-error-foreground': 'rgba(205, 74, 69, 1)',
  'status-error-background': 'rgba(251, 239, 239, 1)',
  'status-error-text': 'rgba(140, 30, 30, 1)',
  'status-warning-icon-foreground': 'rgba(214, 127, 60, 1)',
  'status-warning-background': 'rgba(255, 249, 230, 1)',
  'status-info-foreground': 'rgba(0, 106, 190, 1)',
  'status-info-background': 'rgba(240, 246, 255, 1)',
};

const DARK: typeof LIGHT = {
  ...LIGHT,
  'background-color': 'rgba(32, 31, 30, 1)',
  'text-primary-color': 'rgba(255, 255, 255, 0.95)',
  'text-secondary-color': 'rgba(255, 255, 255, 0.72)',
  'communication-foreground': 'rgba(108, 184, 246, 1)',
  'palette-black-alpha-4': 'rgba(255, 255, 255, 0.04)',
  'palette-black-alpha-6': 'rgba(255, 255, 255, 0.08)',
  'palette-black-alpha-8': 'rgba(255, 255, 255, 0.1)',
  'palette-black-alpha-20': 'rgba(255, 255, 255, 0.25)',
  'palette-black-alpha-30': 'rgba(255, 255, 255, 0.4)',
  'status-error-background': 'rgba(68, 39, 38, 1)',
  'status-error-text': 'rgba(255, 190, 185, 1)',
  'status-warning-background': 'rgba(67, 53, 25, 1)',
  'status-info-background': 'rgba(24, 44, 66, 1)',
};

/**
 * The page around the tab: Azure DevOps' side of the SDK's conversation (JSON by postMessage; functions travel as numbers). Its query
 * says `kind` (run or release), `id`, `project` and `theme` (light or dark).
 */
export function hostPage(options: PageOptions): string {
  const told = JSON.stringify({ ...options, themes: { light: LIGHT, dark: DARK } });
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Cascade</title><link rel="icon" href="data:,">
<style>html,body{height:100%;margin:0}body{display:flex;flex-direction:column}iframe{flex:1;border:0}</style></head>
<body><iframe id="frame" title="Cascade" sandbox="allow-scripts allow-same-origin allow-popups allow-forms allow-modals"></iframe>
<script>(${conversation})(${told.replaceAll('<', '\\u003c')});</script></body></html>`;
}

/** Runs in the browser. */
const conversation = String.raw`function (told) {
  const query = new URLSearchParams(location.search);
  const kind = query.get('kind') || 'run';
  const shown = { id: Number(query.get('id')), project: { name: query.get('project') || 'Fabrikam' } };
  const frame = document.getElementById('frame');
  const functions = [];
  let messages = 1;
  const send = (message) => frame.contentWindow.postMessage(JSON.stringify(message), '*');
  const proxy = (perform) => ({ __proxyFunctionId: functions.push(perform), _channelId: 1 });
  const call = (instanceId, methodName, params) => send({ id: messages++, instanceId, methodName, params });
  const theme = (name) => {
    document.body.style.background = told.themes[name]['background-color'];
    return told.themes[name];
  };
  const listeners = [];
  const tell = (listener) => call('__proxyFunctions', 'proxy' + listener.__proxyFunctionId, [shown]);
  const onChanged = proxy(([listener]) => {
    listeners.push(listener);
    tell(listener);
  });
  window.tellChanged = () => listeners.forEach(tell);
  const services = {
    'ms.vss-features.location-service': {
      getServiceLocation: proxy(() => told.core),
      getResourceAreaLocation: proxy(() => told.release),
    },
    'ms.vss-features.host-navigation-service': {
      getQueryParams: proxy(() => ({ [kind === 'run' ? 'buildId' : 'releaseId']: String(shown.id) })),
    },
  };
  const methods = {
    initialHandshake: () => ({
      contributionId: 'pipeline-cascade.pipeline-cascade.' + told.tabs[kind].id,
      context: {
        extension: { id: 'pipeline-cascade.pipeline-cascade' },
        host: { name: 'contoso' },
        user: { displayName: 'Dana Reyes' },
        pageContext: { webContext: { project: shown.project } },
      },
      initialConfig: kind === 'run' ? { onBuildChanged: onChanged } : { onReleaseChanged: onChanged },
      themeData: theme(query.get('theme') || 'light'),
    }),
    getAccessToken: () => ({ token: told.token }),
    getService: ([name]) => services[name],
    notifyLoadSucceeded: () => ({}),
    notifyLoadFailed: () => ({}),
    resize: () => ({}),
  };
  addEventListener('message', ({ source, data }) => {
    if (source !== frame.contentWindow) return;
    const { id, instanceId, methodName, params, handshakeToken } = JSON.parse(data);
    if (!instanceId) return;
    const perform = instanceId === '__proxyFunctions' ? functions[methodName.slice(5) - 1] : methods[methodName];
    const answer = perform ? { result: perform(params || []) } : { error: 'There is no ' + methodName };
    send({ id, handshakeToken, ...answer });
  });
  window.setTheme = (name) => call('DevOps.SdkClient', 'dispatchEvent', ['themeChanged', { detail: { data: theme(name) } }]);
  frame.src = told.files + '/' + told.tabs[kind].uri;
}`;
