/**
 * Shell command that puts a certificate for a host name, with its key, where the front end has those that a CA has signed. It is signed by itself, and is renewed in 30 days.
 * @param name a host name of an account of this host that has HTTPS
 */
export const placeCertificate = (name: string) => {
  const directory = "/var/lib/fairhost-certificates";
  return `set -e; install -d -m 750 -g www-data ${directory}
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN=${name} -addext subjectAltName=DNS:${name} -keyout /root/key -out /root/chain 2>/dev/null
    cat /root/key /root/chain >${directory}/${name}.pem && touch -d '+30 days' ${directory}/${name}.pem`;
};

/** Shell command that says of such a file what has to come along: its text, mode and owners, when it is renewed, and its end. */
export const showCertificate = (name: string) =>
  `cd /var/lib/fairhost-certificates && sha256sum ${name}.pem && stat -c '%Y' ${name}.pem && openssl x509 -in ${name}.pem -noout -enddate`;
