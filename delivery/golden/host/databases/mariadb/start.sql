SET GLOBAL enforce_storage_engine = InnoDB;
