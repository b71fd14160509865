/** nginx with one worker, connections kept to the origins, and nothing written to disk. */
import { nginxCommand, nginxConf, nginxUpstream } from '../nginx-command.ts';
import { type Contestant, commandVersion, type Place } from './contestant.ts';

export const nginx: Contestant = {
  name: 'nginx',
  version: () => commandVersion('nginx', ['-v'], /nginx\/(\S+)/),
  launch: (place) => ({
    ...nginxCommand(place.folder),
    files: { 'nginx.conf': nginxConf(place.folder, proxyConf(place)) },
  }),
};

function proxyConf({ port, origins }: Place): string {
  return `${nginxUpstream('origins', origins)}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    client_body_buffer_size 64k;
    location / {
      proxy_pass http://origins;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_buffers 16 16k;
      proxy_busy_buffers_size 64k;
      proxy_max_temp_file_size 0;
    }
  }`;
}
