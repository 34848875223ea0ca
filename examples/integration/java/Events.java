import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ConnectionFactory;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;

/** java Events: handles the events of orders for ever; ends on any error, and is started again. */
public final class Events {
    public static void main(String[] arguments) throws Exception {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setUri(System.getenv("AMQP_URL"));
        factory.setAutomaticRecoveryEnabled(false);
        com.rabbitmq.client.Connection broker = factory.newConnection();
        broker.addShutdownListener(cause -> System.exit(1));
        Channel channel = broker.createChannel();
        channel.basicQos(16);
        channel.basicConsume("alipay.events.shop", false, (tag, message) -> {
            try {
                handle(new String(message.getBody(), StandardCharsets.UTF_8));
            } catch (Exception error) {
                error.printStackTrace();
                System.exit(1);
            }
            // After the commit: until then the broker keeps the event.
            channel.basicAck(message.getEnvelope().getDeliveryTag(), false);
        }, tag -> System.exit(1));
    }

    private static void handle(String body) throws Exception {
        JsonObject event = new JsonParser().parse(body).getAsJsonObject();
        String insert = "INSERT IGNORE INTO shop_event (id) VALUES (?)";
        try (Connection db = Database.open(); PreparedStatement first = db.prepareStatement(insert)) {
            db.setAutoCommit(false);
            first.setString(1, event.get("id").getAsString());
            if (first.executeUpdate() == 1 && event.has("order")) {
                // Here the shop does its work, in the same transaction: it reads the order's row and acts on that.
                System.out.println(event.get("event").getAsString() + " " + event.get("order").getAsString());
            }
            db.commit();
        }
    }
}
