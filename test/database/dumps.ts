/** Texts of dumps that the tests share. */

export const mariadbHeader = `/*M!999999\\- enable the sandbox mode */ 
-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: specify
-- ------------------------------------------------------
-- Server version	10.11.6-MariaDB-0+deb12u1

/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;
`;

export const restoredSettings = `
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;
`;

export const footer = `${restoredSettings}
-- Dump completed on 2024-03-01 12:00:00
`;

export const specifyTables = ({app = '6.8.03', schema = '2.10'} = {}) => `
DROP TABLE IF EXISTS \`collection\`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
CREATE TABLE \`collection\` (
  \`UserGroupScopeId\` int(11) NOT NULL,
  \`CollectionName\` varchar(50) DEFAULT NULL COMMENT 'its; "name" (''short'')',
  \`Code\` varchar(50) DEFAULT NULL,
  PRIMARY KEY (\`UserGroupScopeId\`),
  KEY \`CollectionNameIDX\` (\`CollectionName\`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

LOCK TABLES \`collection\` WRITE;
/*!40000 ALTER TABLE \`collection\` DISABLE KEYS */;
INSERT INTO \`collection\` VALUES (4,'Kärlväxter; \\"Herbarium\\" (S\\'s)','S'),(32768,'Fishes, dry','NRM');
/*!40000 ALTER TABLE \`collection\` ENABLE KEYS */;
UNLOCK TABLES;
CREATE TABLE \`specifyuser\` (
  \`SpecifyUserID\` int(11) NOT NULL AUTO_INCREMENT,
  \`Name\` varchar(64) NOT NULL
) ENGINE=InnoDB;
INSERT INTO \`specifyuser\` VALUES (1,'spadmin');
CREATE TABLE \`spversion\` (
  \`SpVersionID\` int(11) NOT NULL AUTO_INCREMENT,
  \`AppName\` varchar(32) DEFAULT NULL,
  \`AppVersion\` varchar(16) DEFAULT NULL,
  \`SchemaVersion\` varchar(16) DEFAULT NULL,
  \`IsDBClosed\` bit(1) DEFAULT NULL
) ENGINE=InnoDB;
INSERT INTO \`spversion\` VALUES (1,'Specify','${app}','${schema}',_binary '\\0');
`;

export const wholeDump = `${mariadbHeader}${specifyTables()}${footer}`;
