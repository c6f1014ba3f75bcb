import { answer } from "../../http/front-end/pages.ts";
import { webdavCheck } from "./webdav-paths.ts";

/** WebDAV of accounts' users, in the configuration of the front end. */

/** Of the front end's `http`. */
export const webdavHttp = `  # Whose files: the socket has the user's name at its end.
  map $backend $webdav_user {
    default "";
    "~^unix:/run/[a-z-]+/account-[0-9]+-webdav-(?<named_user>[a-z0-9_-]+)$" $named_user;
  }
  # Of where a file is to go only the path: lighttpd knows neither the visitor's scheme nor the port.
  map "$webdav_user $http_host $http_destination" $destination {
    default $http_destination;
    "~*^[^ ]+ (?<asked_host>[^ ]+) https://\\k<asked_host>(?<asked_path>/.*)$" $asked_path;
    "~^[^ ]" "";
  }
`;

/** Of the front end's `server`: where files are, and who may have them. */
export const webdavLocations = `    location @webdav {
      if ($scheme = http) {
        ${answer(403, "HTTPS needed", "Passwords for files are only taken over HTTPS.")}
      }
      auth_request /.webdav-password;
      client_max_body_size 0;
      proxy_read_timeout 300s;
      proxy_pass http://$backend;
    }
    location = /.webdav-password {
      internal;
      proxy_method GET;
      proxy_pass_request_body off;
      proxy_pass_request_headers off;
      proxy_set_header Authorization $http_authorization;
      proxy_set_header X-Address $remote_addr;
      proxy_pass http://unix:${webdavCheck}/$account:/$webdav_user;
    }
`;
