import java.math.BigInteger;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.PreparedStatement;

/** java PlaceOrder PRODUCT QUANTITY [ACCOUNT]: prints the number of the new order. */
public final class PlaceOrder {
    public static void main(String[] arguments) throws Exception {
        String product = arguments[0];
        int quantity = Integer.parseInt(arguments[1]);
        String account = arguments.length > 2 ? arguments[2] : "";              // whom a subscription belongs to
        // Used once, and nobody can guess it.
        String number = "S" + String.format("%032x", new BigInteger(128, new SecureRandom()));

        String place = "INSERT INTO user_order (id, merchant, account, product_id, quantity, subject, total_fee, expires_at)"
            + " SELECT ?, ?, ?, id, ?, name, price * ?, UTC_TIMESTAMP(6) + INTERVAL 30 MINUTE"
            + " FROM product WHERE id = ? AND on_sale";
        try (Connection db = Database.open(); PreparedStatement statement = db.prepareStatement(place)) {
            statement.setString(1, number);
            statement.setString(2, System.getenv("MERCHANT"));
            statement.setString(3, account);
            statement.setInt(4, quantity);
            statement.setInt(5, quantity);
            statement.setString(6, product);
            // JDBC commits at once here. In a transaction: commit first, and only then give the buyer the link.
            if (statement.executeUpdate() == 0) {
                throw new IllegalStateException(product + " is not on sale");
            }
            System.out.println(number);
        }
    }
}
