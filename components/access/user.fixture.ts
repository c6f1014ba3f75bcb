import { type Fixture, hostOf, upTo } from "../../testing/fixtures/kind-fixture.ts";

/** For every account a user with two keys and a password, and one for files of a directory. */
export const fixture: Fixture<"users"> = (size) =>
  upTo(size.accounts).flatMap((account) => [
    {
      account,
      name: "ada",
      host: hostOf(account, size),
      directory: ".",
      protocols: ["ssh"],
      keys: [ed25519, nistp256],
      passwordHash,
    },
    { account, name: "deploy", host: hostOf(account, size), directory: "www", protocols: ["sftp"], keys: [rsa3072] },
  ]);

// Of "correct horse battery".
const passwordHash = "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$YAXMK9Llbqk/FSGbrI16AP6p2zwE4UhuWrJZceAG.p2";
const ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPGmdlfNGHNIRhvmoAIhcdYIpdab7Ps9yYKBt/4NPv3A ada@example.org";
const nistp256 =
  "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBKhxbWj20jY7toc3DHUfn+0aba5pSr4dGW3fpE+mWNLSWIBrx/19TWyLz2IaQAyjySx/GWOQ4Ql90rDMZ7XNLPg= ada@example.org";
const rsa3072 =
  "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQCjlJmrArm0FufnMGVrerEPLvInRWfrWHjLmtqMQ8imm/PsdGzn0rD1mqXIvVR90IgMInm7fq+Vd40uSS1nDOwH+rttRdT1s5U1aZ48rfse/ww/CYMh0aUicvhFAIwG8AmEGY7mu3GRj/118/n+P3s5PdXGQQ2a5mGG/ER6oAbdCK1O+VCqKgYDvfjcqCmyfWXJERtAdT3r830SZBrybQskGjxj5WGK53jUENTZyLV7xA6FRbKfpHvhinG1R/hA1pnuerV0XFalpqbhosusjG3h3ZkyrJ5YIFfzlhPzLYhGe4Pk4V0ysmE3yOdJA0DTh56nH/E9byC8Ubjo/QWFpt5XTmvYZQbpzm34Ov48QrXcmI8vogcrVPbEC8H/f9TcR/iZtA9p3LC3Zyd2GvJkR6k2VZbLjRhDa7zZN0JFP72BdaF9WrJOgypGwGjgwtuDHvTajEYDQDW0BVlI8+JtySPt191YKy22o2tMlnATNDenr9Jcnclr3DNvyly0vLzel4E= ada@example.org";
