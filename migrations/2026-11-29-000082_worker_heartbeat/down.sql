DROP TABLE worker_heartbeat;
