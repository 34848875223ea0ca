DROP TABLE entitlement;
