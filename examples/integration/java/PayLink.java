import com.google.gson.JsonObject;
import java.math.BigDecimal;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;

/** java PayLink ORDER: prints the address to which the shop redirects the buyer. */
public final class PayLink {
    public static void main(String[] arguments) throws Exception {
        Map<String, String> form = new TreeMap<>();                             // sorted by name, as the signature wants it
        form.put("app_id", System.getenv("ALIPAY_APP_ID"));
        form.put("method", "alipay.trade.page.pay");
        form.put("format", "JSON");
        form.put("charset", "utf-8");
        form.put("sign_type", "RSA2");
        ZonedDateTime now = ZonedDateTime.now(ZoneId.of("Asia/Shanghai"));
        form.put("timestamp", now.format(DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss")));
        form.put("version", "1.0");
        form.put("notify_url", System.getenv("NOTIFY_URL"));
        form.put("return_url", System.getenv("RETURN_URL"));
        form.put("biz_content", content(arguments[0]));

        StringBuilder text = new StringBuilder();
        StringBuilder query = new StringBuilder();
        for (Map.Entry<String, String> field : form.entrySet()) {
            text.append(text.length() == 0 ? "" : "&").append(field.getKey()).append('=').append(field.getValue());
            query.append(field.getKey()).append('=').append(URLEncoder.encode(field.getValue(), "UTF-8")).append('&');
        }
        Signature signature = Signature.getInstance("SHA256withRSA");
        signature.initSign(key());
        signature.update(text.toString().getBytes(StandardCharsets.UTF_8));
        String sign = Base64.getEncoder().encodeToString(signature.sign());
        System.out.println(System.getenv("ALIPAY_GATEWAY") + "?" + query + "sign=" + URLEncoder.encode(sign, "UTF-8"));
    }

    private static String content(String number) throws Exception {
        String select = "SELECT subject, total_fee,"
            + " DATE_FORMAT(expires_at + INTERVAL 8 HOUR, '%Y-%m-%d %H:%i:%s') AS time_expire FROM user_order"
            + " WHERE id = ? AND merchant = ? AND status = 0 AND trade_status IN (0, 1)"
            + " AND (expires_at IS NULL OR expires_at > UTC_TIMESTAMP(6))";
        try (Connection db = Database.open(); PreparedStatement statement = db.prepareStatement(select)) {
            statement.setString(1, number);
            statement.setString(2, System.getenv("MERCHANT"));
            ResultSet order = statement.executeQuery();
            if (!order.next()) {
                throw new IllegalStateException("this order cannot be paid");
            }
            JsonObject content = new JsonObject();
            content.addProperty("out_trade_no", number);
            content.addProperty("product_code", "FAST_INSTANT_TRADE_PAY");
            content.addProperty("total_amount", BigDecimal.valueOf(order.getLong("total_fee"), 2).toPlainString()); // fen to yuan
            content.addProperty("subject", order.getString("subject"));
            if (order.getString("time_expire") != null) {
                content.addProperty("time_expire", order.getString("time_expire"));                                // Beijing time
            }
            return content.toString();
        }
    }

    /** The application's private key: PKCS#8, as Alipay's tool makes it for Java. */
    private static PrivateKey key() throws Exception {
        byte[] file = Files.readAllBytes(Paths.get(System.getenv("ALIPAY_APP_KEY_FILE")));
        String pem = new String(file, StandardCharsets.US_ASCII).replaceAll("-----[A-Z ]+-----", "");
        return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(pem)));
    }
}
