using System.Net.Sockets;
using System.Text;
using BlazeGateway.Demo.ModelServer;

namespace BlazeGateway.Tests.Demo.ModelServer;

/// <summary>A server of a test with a client, and a raw socket for what clients hide.</summary>
internal sealed class ModelServerFixture : IAsyncDisposable
{
    private ModelServerFixture(ModelServerHost host)
    {
        Host = host;
        Client = new HttpClient { BaseAddress = host.Address, Timeout = TimeSpan.FromSeconds(20) };
    }

    public ModelServerHost Host { get; }

    public HttpClient Client { get; }

    public static async Task<ModelServerFixture> StartAsync(ModelServerHostOptions? options = null) =>
        new(await ModelServerHost.StartAsync(options ?? new ModelServerHostOptions { Unpaced = true, AnswerTokens = 5 }));

    public static string Chat(string text, bool stream = true, string more = "") =>
        $$"""{"model":"demo-small","stream":{{(stream ? "true" : "false")}},{{more}}"messages":[{"role":"user","content":"{{text}}"}]}""";

    public async Task<string> PostAsync(string path, string body)
    {
        using var answer = await Client.PostAsync(path, new StringContent(body));
        return await answer.Content.ReadAsStringAsync();
    }

    /// <summary>A request as it goes over a bare socket.</summary>
    public static byte[] Post(string path, string body) =>
        Encoding.UTF8.GetBytes($"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

    /// <summary>Sends one request over a bare socket. Returns every byte that came and whether the end was a reset.</summary>
    public async Task<(string Text, bool WasReset)> RawAsync(string body)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", Host.Address.Port);
        await socket.SendAsync(Post("/v1/chat/completions", body));
        var received = new MemoryStream();
        var buffer = new byte[65536];
        try
        {
            for (int n; (n = await socket.ReceiveAsync(buffer)) > 0;)
            {
                received.Write(buffer, 0, n);
            }

            return (Encoding.UTF8.GetString(received.ToArray()), false);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            return (Encoding.UTF8.GetString(received.ToArray()), true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Host.DisposeAsync();
    }
}
