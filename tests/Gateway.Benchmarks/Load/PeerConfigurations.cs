using System.Globalization;

namespace BlazeGateway.Benchmarks.Load;

/// <summary>What nginx and HAProxy are started with: one worker, keep-alive to the destinations, streams passed on at once, requests in memory, else stock.</summary>
internal static class PeerConfigurations
{
    // Whatever it can do about faults by itself, short of giving up the answer's place in the stream.
    private const string Tuned = """
        option httpchk GET /health
          option redispatch 1
          retries 3
          retry-on conn-failure empty-response response-timeout
          default-server check inter 1s fall 2 rise 2 on-marked-down shutdown-sessions
        """;

    public static string Nginx(string directory, int port, PeerCluster cluster) => $$"""
        {{(Environment.UserName == "root" ? "user root;" : "")}}
        daemon off;
        worker_processes 1;
        pid {{directory}}/nginx.pid;
        error_log {{directory}}/nginx.log warn;
        events { worker_connections 4096; }
        http {
          access_log off;
          client_max_body_size 32m;
          client_body_buffer_size 1m;
          client_body_temp_path {{directory}}/body;
          proxy_temp_path {{directory}}/proxy;
          fastcgi_temp_path {{directory}}/fastcgi;
          uwsgi_temp_path {{directory}}/uwsgi;
          scgi_temp_path {{directory}}/scgi;
          upstream servers {
            {{cluster.Balance}}
            {{Lines(cluster, (address, i) => $"server {address.Authority}{cluster.WeightOf(i, "=")};")}}
            keepalive {{cluster.KeptConnections.ToString(CultureInfo.InvariantCulture)}};
          }
          server {
            listen 127.0.0.1:{{port}};
            location / {
              proxy_pass http://servers;
              proxy_http_version 1.1;
              proxy_set_header Connection "";
              proxy_buffering off;
              proxy_read_timeout {{cluster.IdleSeconds.ToString(CultureInfo.InvariantCulture)}}s;
            }
          }
        }
        """;

    public static string Haproxy(int port, PeerCluster cluster) => $"""
        global
          nbthread 1
          maxconn 4096
        defaults
          mode http
          option http-no-delay
          timeout connect 5s
          timeout client {cluster.IdleSeconds}s
          timeout server {cluster.IdleSeconds}s
        frontend clients
          bind 127.0.0.1:{port}
          default_backend servers
        backend servers
          {cluster.Balance}
          {(cluster.IsTuned ? Tuned : "")}
          {Lines(cluster, (address, i) => $"server d{i} {address.Authority}{cluster.WeightOf(i, " ")}")}

        """;

    private static string Lines(PeerCluster cluster, Func<Uri, int, string> line) => string.Join("\n    ", cluster.Destinations.Select(line));
}
