/** Files of the example fleet (`inventory/prod`) that cases change. */
export const network = "network.yaml";
export const par1 = "sites/par1.yaml";
export const bak1 = "sites/bak1.yaml";
export const web1 = "hosts/par1-web1.yaml";
export const backupHosts = ["hosts/bak1-backup1.yaml", "hosts/bak1-backup2.yaml"];
export const bakery = "accounts/1001-bakery.yaml";
export const choir = "accounts/1002-choir.yaml";
export const clinic = "accounts/1011-clinic.yaml";
export const observatory = "accounts/1005-observatory.yaml";
export const engraver = "accounts/1013-engraver.yaml";
export const ferry = "accounts/1014-ferry.yaml";
