-- What Specify 7 adds to a Specify 6 database, migration by migration, in the order of their application.
-- A line "-- app.NNNN_name" begins a migration; the statements up to the next one are its content.
-- Every statement may run twice. Migrations that need more than statements have a function in specifyweb/migrations.py.

-- contenttypes.0001_initial
CREATE TABLE IF NOT EXISTS `django_content_type` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `app_label` varchar(100) NOT NULL,
  `model` varchar(100) NOT NULL,
  `name` varchar(100) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `django_content_type_app_label_model_uniq` (`app_label`,`model`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- specify.0001_initial

-- contenttypes.0002_remove_content_type_name
ALTER TABLE `django_content_type` DROP COLUMN IF EXISTS `name`;

-- auth.0001_initial
CREATE TABLE IF NOT EXISTS `auth_permission` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `name` varchar(50) NOT NULL,
  `content_type_id` int(11) NOT NULL,
  `codename` varchar(100) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `auth_permission_content_type_id_codename_uniq` (`content_type_id`,`codename`),
  KEY `auth_permission_content_type_id_idx` (`content_type_id`),
  CONSTRAINT `auth_permission_content_type_id_1b0210b8_fk` FOREIGN KEY (`content_type_id`) REFERENCES `django_content_type` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE IF NOT EXISTS `auth_group` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `name` varchar(80) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `auth_group_name_uniq` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE IF NOT EXISTS `auth_group_permissions` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `group_id` int(11) NOT NULL,
  `permission_id` int(11) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `auth_group_permissions_group_id_permission_id_uniq` (`group_id`,`permission_id`),
  KEY `auth_group_permissions_group_id_idx` (`group_id`),
  KEY `auth_group_permissions_permission_id_idx` (`permission_id`),
  CONSTRAINT `auth_group_permissio_group_id_5c7616f3_fk` FOREIGN KEY (`group_id`) REFERENCES `auth_group` (`id`),
  CONSTRAINT `auth_group_permissio_permission_id_4bd0620c_fk` FOREIGN KEY (`permission_id`) REFERENCES `auth_permission` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- auth.0002_alter_permission_name_max_length
ALTER TABLE `auth_permission` MODIFY `name` varchar(255) NOT NULL;

-- auth.0003_alter_user_email_max_length

-- auth.0004_alter_user_username_opts

-- auth.0005_alter_user_last_login_null

-- auth.0006_require_contenttypes_0002

-- auth.0007_alter_validators_add_error_messages

-- auth.0008_alter_user_username_max_length

-- auth.0009_alter_user_last_name_max_length

-- auth.0010_alter_group_name_max_length
ALTER TABLE `auth_group` MODIFY `name` varchar(150) NOT NULL;

-- auth.0011_update_proxy_permissions

-- auth.0012_alter_user_first_name_max_length

-- specify.0002_geo
ALTER TABLE `collectionobject` ADD COLUMN IF NOT EXISTS `CollectionObjectTypeID` int(11) DEFAULT NULL;
ALTER TABLE `collection` ADD COLUMN IF NOT EXISTS `CollectionObjectTypeID` int(11) DEFAULT NULL;
CREATE TABLE IF NOT EXISTS `collectionobjecttype` (
  `CollectionObjectTypeID` int(11) NOT NULL AUTO_INCREMENT,
  `TimestampCreated` datetime NOT NULL,
  `TimestampModified` datetime DEFAULT NULL,
  `Version` int(11) DEFAULT NULL,
  `Name` varchar(255) NOT NULL,
  `IsDefault` bit(1) DEFAULT NULL,
  `IsLoanable` bit(1) DEFAULT NULL,
  `Text1` text DEFAULT NULL,
  `CollectionID` int(11) NOT NULL,
  `TaxonTreeDefID` int(11) DEFAULT NULL,
  PRIMARY KEY (`CollectionObjectTypeID`),
  KEY `collectionobjecttype_CollectionID_idx` (`CollectionID`),
  KEY `collectionobjecttype_TaxonTreeDefID_idx` (`TaxonTreeDefID`),
  CONSTRAINT `collectionobjecttype_CollectionID_e6950057_fk` FOREIGN KEY (`CollectionID`) REFERENCES `collection` (`UserGroupScopeId`),
  CONSTRAINT `collectionobjecttype_TaxonTreeDefID_25d43c3e_fk` FOREIGN KEY (`TaxonTreeDefID`) REFERENCES `taxontreedef` (`TaxonTreeDefID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE IF NOT EXISTS `collectionobjectgrouptype` (
  `COGTypeID` int(11) NOT NULL AUTO_INCREMENT,
  `TimestampCreated` datetime NOT NULL,
  `TimestampModified` datetime DEFAULT NULL,
  `Version` int(11) DEFAULT NULL,
  `Name` varchar(255) NOT NULL,
  `Type` varchar(255) DEFAULT NULL,
  `CollectionID` int(11) NOT NULL,
  PRIMARY KEY (`COGTypeID`),
  KEY `collectionobjectgrouptype_CollectionID_idx` (`CollectionID`),
  CONSTRAINT `collectionobjectgrou_CollectionID_4d608ad7_fk` FOREIGN KEY (`CollectionID`) REFERENCES `collection` (`UserGroupScopeId`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE IF NOT EXISTS `collectionobjectgroup` (
  `CollectionObjectGroupID` int(11) NOT NULL AUTO_INCREMENT,
  `TimestampCreated` datetime NOT NULL,
  `TimestampModified` datetime DEFAULT NULL,
  `Version` int(11) DEFAULT NULL,
  `Name` varchar(255) DEFAULT NULL,
  `Description` text DEFAULT NULL,
  `GUID` varchar(128) DEFAULT NULL,
  `CollectionID` int(11) NOT NULL,
  `COGTypeID` int(11) DEFAULT NULL,
  PRIMARY KEY (`CollectionObjectGroupID`),
  KEY `collectionobjectgroup_CollectionID_idx` (`CollectionID`),
  KEY `collectionobjectgroup_COGTypeID_idx` (`COGTypeID`),
  CONSTRAINT `collectionobjectgrou_CollectionID_29175b3a_fk` FOREIGN KEY (`CollectionID`) REFERENCES `collection` (`UserGroupScopeId`),
  CONSTRAINT `collectionobjectgrou_COGTypeID_63f57ad8_fk` FOREIGN KEY (`COGTypeID`) REFERENCES `collectionobjectgrouptype` (`COGTypeID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE IF NOT EXISTS `collectionobjectgroupjoin` (
  `CollectionObjectGroupJoinID` int(11) NOT NULL AUTO_INCREMENT,
  `TimestampCreated` datetime NOT NULL,
  `TimestampModified` datetime DEFAULT NULL,
  `Version` int(11) DEFAULT NULL,
  `IsPrimary` bit(1) NOT NULL,
  `IsSubstrate` bit(1) NOT NULL,
  `ParentCOGID` int(11) DEFAULT NULL,
  `ChildCOID` int(11) DEFAULT NULL,
  PRIMARY KEY (`CollectionObjectGroupJoinID`),
  KEY `collectionobjectgroupjoin_ParentCOGID_idx` (`ParentCOGID`),
  KEY `collectionobjectgroupjoin_ChildCOID_idx` (`ChildCOID`),
  CONSTRAINT `collectionobjectgrou_ParentCOGID_94013c7b_fk` FOREIGN KEY (`ParentCOGID`) REFERENCES `collectionobjectgroup` (`CollectionObjectGroupID`),
  CONSTRAINT `collectionobjectgrou_ChildCOID_ebba1e54_fk` FOREIGN KEY (`ChildCOID`) REFERENCES `collectionobject` (`CollectionObjectID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE IF NOT EXISTS `absoluteage` (
  `AbsoluteAgeID` int(11) NOT NULL AUTO_INCREMENT,
  `TimestampCreated` datetime NOT NULL,
  `TimestampModified` datetime DEFAULT NULL,
  `Version` int(11) DEFAULT NULL,
  `AbsoluteAge` decimal(22,10) DEFAULT NULL,
  `Remarks` text DEFAULT NULL,
  `CollectionObjectID` int(11) NOT NULL,
  PRIMARY KEY (`AbsoluteAgeID`),
  KEY `absoluteage_CollectionObjectID_idx` (`CollectionObjectID`),
  CONSTRAINT `absoluteage_CollectionObjectID_646bd88b_fk` FOREIGN KEY (`CollectionObjectID`) REFERENCES `collectionobject` (`CollectionObjectID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE IF NOT EXISTS `relativeage` (
  `RelativeAgeID` int(11) NOT NULL AUTO_INCREMENT,
  `TimestampCreated` datetime NOT NULL,
  `TimestampModified` datetime DEFAULT NULL,
  `Version` int(11) DEFAULT NULL,
  `AgeType` varchar(64) DEFAULT NULL,
  `Remarks` text DEFAULT NULL,
  `CollectionObjectID` int(11) NOT NULL,
  `AgeNameID` int(11) DEFAULT NULL,
  PRIMARY KEY (`RelativeAgeID`),
  KEY `relativeage_CollectionObjectID_idx` (`CollectionObjectID`),
  KEY `relativeage_AgeNameID_idx` (`AgeNameID`),
  CONSTRAINT `relativeage_CollectionObjectID_100468f0_fk` FOREIGN KEY (`CollectionObjectID`) REFERENCES `collectionobject` (`CollectionObjectID`),
  CONSTRAINT `relativeage_AgeNameID_980cdfa5_fk` FOREIGN KEY (`AgeNameID`) REFERENCES `geologictimeperiod` (`GeologicTimePeriodID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE IF NOT EXISTS `tectonicunittreedef` (
  `TectonicUnitTreeDefID` int(11) NOT NULL AUTO_INCREMENT,
  `TimestampCreated` datetime NOT NULL,
  `TimestampModified` datetime DEFAULT NULL,
  `Version` int(11) DEFAULT NULL,
  `FullNameDirection` int(11) DEFAULT NULL,
  `Name` varchar(255) NOT NULL,
  `Remarks` text DEFAULT NULL,
  `DisciplineID` int(11) DEFAULT NULL,
  PRIMARY KEY (`TectonicUnitTreeDefID`),
  KEY `tectonicunittreedef_DisciplineID_idx` (`DisciplineID`),
  CONSTRAINT `tectonicunittreedef_DisciplineID_f98288f7_fk` FOREIGN KEY (`DisciplineID`) REFERENCES `discipline` (`UserGroupScopeId`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE IF NOT EXISTS `tectonicunittreedefitem` (
  `TectonicUnitTreeDefItemID` int(11) NOT NULL AUTO_INCREMENT,
  `TimestampCreated` datetime NOT NULL,
  `TimestampModified` datetime DEFAULT NULL,
  `Version` int(11) DEFAULT NULL,
  `Name` varchar(255) NOT NULL,
  `RankID` int(11) NOT NULL,
  `IsEnforced` bit(1) DEFAULT NULL,
  `IsInFullName` bit(1) DEFAULT NULL,
  `FullNameSeparator` varchar(32) DEFAULT NULL,
  `ParentItemID` int(11) DEFAULT NULL,
  `TectonicUnitTreeDefID` int(11) NOT NULL,
  PRIMARY KEY (`TectonicUnitTreeDefItemID`),
  KEY `tectonicunittreedefitem_TectonicUnitTreeDefID_idx` (`TectonicUnitTreeDefID`),
  CONSTRAINT `tectonicunittreedefi_TectonicUnitTreeDefI_0a7866ea_fk` FOREIGN KEY (`TectonicUnitTreeDefID`) REFERENCES `tectonicunittreedef` (`TectonicUnitTreeDefID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE IF NOT EXISTS `tectonicunit` (
  `TectonicUnitID` int(11) NOT NULL AUTO_INCREMENT,
  `TimestampCreated` datetime NOT NULL,
  `TimestampModified` datetime DEFAULT NULL,
  `Version` int(11) DEFAULT NULL,
  `FullName` varchar(500) DEFAULT NULL,
  `Name` varchar(255) NOT NULL,
  `RankID` int(11) NOT NULL,
  `NodeNumber` int(11) DEFAULT NULL,
  `HighestChildNodeNumber` int(11) DEFAULT NULL,
  `ParentID` int(11) DEFAULT NULL,
  `TectonicUnitTreeDefID` int(11) NOT NULL,
  `TectonicUnitTreeDefItemID` int(11) NOT NULL,
  PRIMARY KEY (`TectonicUnitID`),
  KEY `tectonicunit_TectonicUnitTreeDefID_idx` (`TectonicUnitTreeDefID`),
  KEY `tectonicunit_TectonicUnitTreeDefItemID_idx` (`TectonicUnitTreeDefItemID`),
  CONSTRAINT `tectonicunit_TectonicUnitTreeDefI_d30566a8_fk` FOREIGN KEY (`TectonicUnitTreeDefID`) REFERENCES `tectonicunittreedef` (`TectonicUnitTreeDefID`),
  CONSTRAINT `tectonicunit_TectonicUnitTreeDefI_8b0b3ef0_fk` FOREIGN KEY (`TectonicUnitTreeDefItemID`) REFERENCES `tectonicunittreedefitem` (`TectonicUnitTreeDefItemID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- businessrules.0001_initial
CREATE TABLE IF NOT EXISTS `uniquenessrule` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `isdatabaseconstraint` tinyint(1) NOT NULL,
  `modelname` varchar(256) NOT NULL,
  `discipline_id` int(11) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `uniquenessrule_discipline_id_idx` (`discipline_id`),
  CONSTRAINT `uniquenessrule_discipline_id_097da734_fk` FOREIGN KEY (`discipline_id`) REFERENCES `discipline` (`UserGroupScopeId`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE IF NOT EXISTS `uniquenessrule_fields` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `fieldpath` text DEFAULT NULL,
  `isscope` tinyint(1) NOT NULL,
  `uniquenessrule_id` int(11) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `uniquenessrule_fields_uniquenessrule_id_idx` (`uniquenessrule_id`),
  CONSTRAINT `uniquenessrule_field_uniquenessrule_id_2512ed15_fk` FOREIGN KEY (`uniquenessrule_id`) REFERENCES `uniquenessrule` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- businessrules.0002_default_unique_rules

-- businessrules.0003_catnum_constraint

-- businessrules.0004_catnum_uniquerule

-- businessrules.0005_cojo

-- permissions.0001_initial
CREATE TABLE IF NOT EXISTS `spuserpolicy` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `resource` varchar(1024) NOT NULL,
  `action` varchar(1024) NOT NULL,
  `collection_id` int(11) DEFAULT NULL,
  `specifyuser_id` int(11) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `spuserpolicy_collection_id_idx` (`collection_id`),
  KEY `spuserpolicy_specifyuser_id_idx` (`specifyuser_id`),
  CONSTRAINT `spuserpolicy_collection_id_d04dd0bc_fk` FOREIGN KEY (`collection_id`) REFERENCES `collection` (`UserGroupScopeId`),
  CONSTRAINT `spuserpolicy_specifyuser_id_0150c105_fk` FOREIGN KEY (`specifyuser_id`) REFERENCES `specifyuser` (`SpecifyUserID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- permissions.0002_role_rolepolicy_userrole
CREATE TABLE IF NOT EXISTS `sprole` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `name` varchar(1024) NOT NULL,
  `description` text NOT NULL,
  `collection_id` int(11) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `sprole_collection_id_idx` (`collection_id`),
  CONSTRAINT `sprole_collection_id_f24bc0d5_fk` FOREIGN KEY (`collection_id`) REFERENCES `collection` (`UserGroupScopeId`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE IF NOT EXISTS `sprolepolicy` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `resource` varchar(1024) NOT NULL,
  `action` varchar(1024) NOT NULL,
  `role_id` int(11) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `sprolepolicy_role_id_idx` (`role_id`),
  CONSTRAINT `sprolepolicy_role_id_16b424f0_fk` FOREIGN KEY (`role_id`) REFERENCES `sprole` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE IF NOT EXISTS `spuserrole` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `role_id` int(11) NOT NULL,
  `specifyuser_id` int(11) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `spuserrole_role_id_idx` (`role_id`),
  KEY `spuserrole_specifyuser_id_idx` (`specifyuser_id`),
  CONSTRAINT `spuserrole_role_id_506b95d1_fk` FOREIGN KEY (`role_id`) REFERENCES `sprole` (`id`),
  CONSTRAINT `spuserrole_specifyuser_id_0c37a901_fk` FOREIGN KEY (`specifyuser_id`) REFERENCES `specifyuser` (`SpecifyUserID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- permissions.0003_auto_20220321_1445
CREATE TABLE IF NOT EXISTS `splibraryrole` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `name` varchar(1024) NOT NULL,
  `description` text NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE IF NOT EXISTS `splibraryrolepolicy` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `resource` varchar(1024) NOT NULL,
  `action` varchar(1024) NOT NULL,
  `role_id` int(11) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `splibraryrolepolicy_role_id_idx` (`role_id`),
  CONSTRAINT `splibraryrolepolicy_role_id_d79d0a11_fk` FOREIGN KEY (`role_id`) REFERENCES `splibraryrole` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- permissions.0004_auto_20220407_1927

-- permissions.0005_merge_20220414_1451

-- permissions.0006_add_dataset_create_recordset_permission

-- permissions.0007_add_stats_edit_permission

-- workbench.0001_initial
CREATE TABLE IF NOT EXISTS `spdataset` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `name` varchar(256) NOT NULL,
  `columns` longtext NOT NULL,
  `data` longtext NOT NULL,
  `uploadplan` longtext DEFAULT NULL,
  `uploaderstatus` longtext DEFAULT NULL,
  `uploadresult` longtext DEFAULT NULL,
  `importedfilename` longtext DEFAULT NULL,
  `rowresults` longtext DEFAULT NULL,
  `remarks` longtext NOT NULL,
  `timestampcreated` datetime(6) NOT NULL,
  `timestampmodified` datetime(6) DEFAULT NULL,
  `collection_id` int(11) NOT NULL,
  `specifyuser_id` int(11) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `spdataset_collection_id_idx` (`collection_id`),
  KEY `spdataset_specifyuser_id_idx` (`specifyuser_id`),
  CONSTRAINT `spdataset_collection_id_976a5751_fk` FOREIGN KEY (`collection_id`) REFERENCES `collection` (`UserGroupScopeId`),
  CONSTRAINT `spdataset_specifyuser_id_e8a590b6_fk` FOREIGN KEY (`specifyuser_id`) REFERENCES `specifyuser` (`SpecifyUserID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- workbench.0002_spdataset_visualorder
ALTER TABLE `spdataset` ADD COLUMN IF NOT EXISTS `visualorder` longtext DEFAULT NULL;

-- workbench.0003_auto_20210218_1256
ALTER TABLE `spdataset` ADD COLUMN IF NOT EXISTS `createdbyagent_id` int(11) DEFAULT NULL;
ALTER TABLE `spdataset` ADD COLUMN IF NOT EXISTS `modifiedbyagent_id` int(11) DEFAULT NULL;

-- workbench.0006_batch_edit
ALTER TABLE `spdataset` ADD COLUMN IF NOT EXISTS `isupdate` tinyint(1) DEFAULT NULL;

-- notifications.0001_initial
CREATE TABLE IF NOT EXISTS `notifications_message` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `timestampcreated` datetime(6) NOT NULL,
  `content` longtext NOT NULL,
  `read` tinyint(1) NOT NULL,
  `user_id` int(11) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `notifications_message_user_id_idx` (`user_id`),
  CONSTRAINT `notifications_messag_user_id_518f77f8_fk` FOREIGN KEY (`user_id`) REFERENCES `specifyuser` (`SpecifyUserID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- attachment_gw.0001_initial
CREATE TABLE IF NOT EXISTS `spattachmentdataset` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `name` varchar(256) NOT NULL,
  `uploadplan` longtext DEFAULT NULL,
  `remarks` longtext DEFAULT NULL,
  `timestampcreated` datetime(6) NOT NULL,
  `collection_id` int(11) NOT NULL,
  `specifyuser_id` int(11) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `spattachmentdataset_collection_id_idx` (`collection_id`),
  KEY `spattachmentdataset_specifyuser_id_idx` (`specifyuser_id`),
  CONSTRAINT `spattachmentdataset_collection_id_380f950d_fk` FOREIGN KEY (`collection_id`) REFERENCES `collection` (`UserGroupScopeId`),
  CONSTRAINT `spattachmentdataset_specifyuser_id_da1b67d3_fk` FOREIGN KEY (`specifyuser_id`) REFERENCES `specifyuser` (`SpecifyUserID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- sessions.0001_initial
CREATE TABLE IF NOT EXISTS `django_session` (
  `session_key` varchar(40) NOT NULL,
  `session_data` longtext NOT NULL,
  `expire_date` datetime(6) NOT NULL,
  PRIMARY KEY (`session_key`),
  KEY `django_session_expire_date_idx` (`expire_date`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- specify.0003_cotype_picklist

-- specify.0004_stratigraphy_age
CREATE TABLE IF NOT EXISTS `absoluteageattachment` (
  `AbsoluteAgeAttachmentID` int(11) NOT NULL AUTO_INCREMENT,
  `TimestampCreated` datetime NOT NULL,
  `TimestampModified` datetime DEFAULT NULL,
  `Version` int(11) DEFAULT NULL,
  `Ordinal` int(11) NOT NULL,
  `Remarks` text DEFAULT NULL,
  `AbsoluteAgeID` int(11) NOT NULL,
  `AttachmentID` int(11) NOT NULL,
  PRIMARY KEY (`AbsoluteAgeAttachmentID`),
  KEY `absoluteageattachment_AbsoluteAgeID_idx` (`AbsoluteAgeID`),
  KEY `absoluteageattachment_AttachmentID_idx` (`AttachmentID`),
  CONSTRAINT `absoluteageattachmen_AbsoluteAgeID_029af13a_fk` FOREIGN KEY (`AbsoluteAgeID`) REFERENCES `absoluteage` (`AbsoluteAgeID`),
  CONSTRAINT `absoluteageattachmen_AttachmentID_099583dd_fk` FOREIGN KEY (`AttachmentID`) REFERENCES `attachment` (`AttachmentID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- specify.0005_collectionobjectgroup_parentcojo
ALTER TABLE `collectionobjectgroup` ADD COLUMN IF NOT EXISTS `ParentCojoID` int(11) DEFAULT NULL;

-- specify.0006_fix_tectonic_tree_fields
ALTER TABLE `tectonicunit` MODIFY `FullName` varchar(500) DEFAULT NULL;
ALTER TABLE `tectonicunit` ADD COLUMN IF NOT EXISTS `GUID` varchar(128) DEFAULT NULL;

-- specify.0007_schema_config_update

-- specify.0008_ageCitations_fix
CREATE TABLE IF NOT EXISTS `absoluteagecitation` (
  `AbsoluteAgeCitationID` int(11) NOT NULL AUTO_INCREMENT,
  `TimestampCreated` datetime NOT NULL,
  `TimestampModified` datetime DEFAULT NULL,
  `Version` int(11) DEFAULT NULL,
  `Remarks` text DEFAULT NULL,
  `AbsoluteAgeID` int(11) NOT NULL,
  `ReferenceWorkID` int(11) NOT NULL,
  PRIMARY KEY (`AbsoluteAgeCitationID`),
  KEY `absoluteagecitation_AbsoluteAgeID_idx` (`AbsoluteAgeID`),
  KEY `absoluteagecitation_ReferenceWorkID_idx` (`ReferenceWorkID`),
  CONSTRAINT `absoluteagecitation_AbsoluteAgeID_2de34587_fk` FOREIGN KEY (`AbsoluteAgeID`) REFERENCES `absoluteage` (`AbsoluteAgeID`),
  CONSTRAINT `absoluteagecitation_ReferenceWorkID_bab235de_fk` FOREIGN KEY (`ReferenceWorkID`) REFERENCES `referencework` (`ReferenceWorkID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- specify.0009_tectonic_ranks

-- specify.0010_updateDelete_parentcojo

-- specify.0011_cascading_tree_nodes

-- specify.0012_add_cojo_to_schema_config

-- specify.0013_collectionobjectgroup_parentcog

-- specify.0014_collectionobjecttype_catalognumformatname
ALTER TABLE `collectionobjecttype` ADD COLUMN IF NOT EXISTS `CatalogNumberFormatName` varchar(255) DEFAULT NULL;

-- specify.0015_add_version_to_ages

-- specify.0016_collectionobjectgroup_coparentcog

-- specify.0017_schemaconfig_fixes

-- specify.0018_cot_catnum_schema

-- specify.0019_remove_parentCog

-- specify.0020_add_tectonicunit_to_pc_in_schema_config
ALTER TABLE `paleocontext` ADD COLUMN IF NOT EXISTS `TectonicUnitID` int(11) DEFAULT NULL;

-- specify.0021_update_hidden_geo_tables

-- specify.0022_ensure_default_cots

-- specify.0023_update_schema_config_text

-- specify.0024_add_uniqueIdentifier_storage
ALTER TABLE `storage` ADD COLUMN IF NOT EXISTS `UniqueIdentifier` varchar(128) DEFAULT NULL;

-- specify.0025_alter_collectionobjectgroupjoin_childco

-- specify.0026_taxontreedef_alter_delete
ALTER TABLE `taxontreedef` ADD COLUMN IF NOT EXISTS `DisciplineID` int(11) DEFAULT NULL;
ALTER TABLE `geographytreedef` ADD COLUMN IF NOT EXISTS `DisciplineID` int(11) DEFAULT NULL;

-- specify.0027_CO_children
ALTER TABLE `collectionobject` ADD COLUMN IF NOT EXISTS `ParentCOID` int(11) DEFAULT NULL;

-- specify.0028_selectseries
ALTER TABLE `spquery` ADD COLUMN IF NOT EXISTS `SelectSeries` bit(1) DEFAULT NULL;

-- specify.0029_remove_collectionobject_parentco

-- specify.0030_fix_storage_uniqueidentifier

-- specify.0031_add_default_for_selectseries
UPDATE `spquery` SET `SelectSeries` = b'0' WHERE `SelectSeries` IS NULL;

-- specify.0032_add_quantities_gift

-- specify.0033_update_paleo_desc

-- specify.0034_accession_date_fields
ALTER TABLE `accession` ADD COLUMN IF NOT EXISTS `DateReceivedPrecision` tinyint(4) DEFAULT NULL;
ALTER TABLE `accession` ADD COLUMN IF NOT EXISTS `DateReceivedVerbatim` varchar(50) DEFAULT NULL;

-- businessrules.0006_storage_uniqueIdentifier

-- businessrules.0007_more_uniqueness_rules

-- setup_tool.0001_ensure_discipline_resource_dirs

-- specify.0035_version_required

-- specify.0036_remove_spquery_selectseries

-- specify.0037_components
CREATE TABLE IF NOT EXISTS `component` (
  `ComponentID` int(11) NOT NULL AUTO_INCREMENT,
  `TimestampCreated` datetime NOT NULL,
  `TimestampModified` datetime DEFAULT NULL,
  `Version` int(11) DEFAULT NULL,
  `CatalogNumber` varchar(32) DEFAULT NULL,
  `Name` varchar(255) DEFAULT NULL,
  `Proportion` int(11) DEFAULT NULL,
  `Role` varchar(64) DEFAULT NULL,
  `Remarks` text DEFAULT NULL,
  `CollectionObjectID` int(11) NOT NULL,
  `CollectionObjectTypeID` int(11) DEFAULT NULL,
  PRIMARY KEY (`ComponentID`),
  KEY `component_CollectionObjectID_idx` (`CollectionObjectID`),
  KEY `component_CollectionObjectTypeID_idx` (`CollectionObjectTypeID`),
  CONSTRAINT `component_CollectionObjectID_d296f654_fk` FOREIGN KEY (`CollectionObjectID`) REFERENCES `collectionobject` (`CollectionObjectID`),
  CONSTRAINT `component_CollectionObjectType_328e16ad_fk` FOREIGN KEY (`CollectionObjectTypeID`) REFERENCES `collectionobjecttype` (`CollectionObjectTypeID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- specify.0038_taxon_discipline_scope
ALTER TABLE `taxon` ADD INDEX IF NOT EXISTS `taxon_def_rank_idx` (`TaxonTreeDefID`,`RankID`);

-- specify.0039_agent_fields
ALTER TABLE `agent` ADD COLUMN IF NOT EXISTS `VerbatimDate1` varchar(128) DEFAULT NULL;
ALTER TABLE `agent` ADD COLUMN IF NOT EXISTS `VerbatimDate2` varchar(128) DEFAULT NULL;

-- specify.0040_preparation_component
ALTER TABLE `preparation` ADD COLUMN IF NOT EXISTS `ComponentID` int(11) DEFAULT NULL;

-- specify.0041_locality_unique_identifier
ALTER TABLE `locality` ADD COLUMN IF NOT EXISTS `UniqueIdentifier` varchar(128) DEFAULT NULL;

-- specify.0042_loan_prep_fields
ALTER TABLE `loanpreparation` ADD COLUMN IF NOT EXISTS `Text1` text DEFAULT NULL;

-- specify.0043_link_table_ids

-- specify.0044_link_table_foreign_keys

-- specify.0045_missing_indexes

-- specify.0046_schema_config_text
