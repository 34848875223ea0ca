import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;

/** Where the order's tables are. A shop takes a connection out of its pool. */
final class Database {
    static Connection open() throws SQLException {
        String url = "jdbc:mariadb://" + System.getenv("DB_HOST") + ":" + System.getenv("DB_PORT") + "/" + System.getenv("DB_NAME")
            + "?allowPublicKeyRetrieval=true";      // MySQL 8 and 9 without TLS; over a strange network use TLS in its place
        return DriverManager.getConnection(url, System.getenv("DB_USER"), System.getenv("DB_PASSWORD"));
    }
}
