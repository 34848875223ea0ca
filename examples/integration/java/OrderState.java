import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;

/** java OrderState ORDER: prints what to show the buyer, and then a line for each code. */
public final class OrderState {
    public static void main(String[] arguments) throws Exception {
        String select = "SELECT o.status, o.paid_dtime IS NOT NULL AS was_paid, f.state AS goods"
            + " FROM user_order o LEFT JOIN fulfillment f ON f.order_id = o.id"
            + " WHERE o.id = ? AND o.merchant = ?";
        try (Connection db = Database.open(); PreparedStatement statement = db.prepareStatement(select)) {
            statement.setString(1, arguments[0]);
            statement.setString(2, System.getenv("MERCHANT"));
            ResultSet order = statement.executeQuery();
            if (!order.next()) {
                throw new IllegalStateException("no such order");
            }
            int status = order.getInt("status");
            boolean paid = status == 8 || status == 4 || status == 106;
            if (paid && "delivered".equals(order.getString("goods"))) {
                System.out.println("delivered");
                printCodes(db, arguments[0]);
            } else if (paid) {
                System.out.println("paid, goods to come");                      // out of stock, or a person delivers
            } else if (status == 32) {
                System.out.println(order.getBoolean("was_paid") ? "being checked" : "closed");
            } else {
                System.out.println(status == 105 ? "refunded" : "not paid yet");
            }
        }
    }

    private static void printCodes(Connection db, String number) throws Exception {
        String select = "SELECT code FROM shop_code WHERE order_id = ? ORDER BY id";
        try (PreparedStatement statement = db.prepareStatement(select)) {
            statement.setString(1, number);
            ResultSet codes = statement.executeQuery();
            while (codes.next()) {
                System.out.println(codes.getString("code"));
            }
        }
    }
}
