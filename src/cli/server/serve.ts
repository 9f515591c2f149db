import { once } from 'node:events';
import type { Command } from 'commander';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { loadCheckedConfig, loadCheckedConfigAside } from '../checks/checked-config.ts';
import { composeServe } from './compose-serve.ts';
import { type ProxyOption, noProxyOption } from '../terminal/proxy-option.ts';

/** `signpost serve`: answers pulls until it is asked to stop. */
export function createCommand(terminal: Terminal): Command {
  return createVerb(
    'serve',
    'Serve the pull API of the OCI distribution specification, and redirect each blob request to a mirror near the client. ' +
      'The addresses are printed when the server is ready; the log goes to standard error as JSON lines. SIGTERM stops the server ' +
      'after running requests have ended. SIGHUP reads the settings of mirrors, geolocation and the log level again. Changed ' +
      'certificates, mirrors and publications are noticed without a signal.',
    ['signpost serve', 'signpost serve --config ./signpost.yaml --json'],
  )
    .addOption(noProxyOption())
    .action(async (options: CommonOptions & ProxyOption) => {
      const server = await composeServe(await loadCheckedConfig(options, 'serving'), options);
      const reload = () => server.reload(() => loadCheckedConfigAside(options, 'serving'));
      process.on('SIGHUP', reload);
      try {
        printResult(
          terminal,
          options,
          {
            addresses: server.urls,
            ...(server.adminUrls.length > 0 && { admin: server.adminUrls }),
            ...(server.metricsUrls.length > 0 && { metrics: server.metricsUrls }),
          },
          [
            ...server.urls.map((url) => `Serving images on ${url}`),
            ...server.adminUrls.map((url) => `Managing on ${url}`),
            ...server.metricsUrls.map((url) => `Answering metrics on ${url}`),
          ],
        );
        if (!terminal.signal.aborted) await once(terminal.signal, 'abort');
      } finally {
        await server.stop();
        process.off('SIGHUP', reload);
      }
    });
}
