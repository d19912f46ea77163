using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using BlazeGateway.Policies.Pipeline.Connections;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>What a read from a destination costs that has to wait, and how it ends.</summary>
[Collection(nameof(Alone))]
public sealed class UnrepeatedReadTests
{
    private const string Switch = "HTTP/1.1 101 Switching Protocols\r\n\r\n";

    private static readonly byte[] Request = "GET / HTTP/1.1\r\n\r\n"u8.ToArray();
    private static readonly byte[] Answer = "HTTP/1.1 204 No\r\n\r\n"u8.ToArray();

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(64)]
    public async Task A_read_that_waits_allocates_nothing(int connections)
    {
        var pairs = new (Stream Near, Stream Far)[connections];
        for (var i = 0; i < connections; i++)
        {
            var (near, far) = await PlainAsync();
            pairs[i] = (new UnrepeatedStream(near), far);
        }

        // One object for each would be 24 bytes at least; what is less than half of that is somebody else's.
        Assert.InRange(Least(pairs), 0, 12);
        await EndAsync(pairs);
    }

    [Fact]
    public async Task With_tls_reads_that_wait_end_as_without()
    {
        var (near, far) = await TlsAsync();
        await using var stream = new UnrepeatedStream(near);
        await using var _ = far;
        for (var i = 0; i < 3; i++)
        {
            var reading = stream.ReadAsync(new byte[64]);
            Assert.False(reading.IsCompleted);
            await stream.WriteAsync(Request);
            await far.ReadExactlyAsync(new byte[Request.Length]);
            await far.WriteAsync(Answer);
            Assert.Equal(Answer.Length, await reading);
        }
    }

    [Fact]
    public async Task Every_split_of_its_first_line_shows_a_tunnel()
    {
        for (var split = 0; split <= Switch.Length; split++)
        {
            var (near, far) = await PlainAsync();
            await using var stream = new UnrepeatedStream(near);
            await stream.WriteAsync(Request);
            await ComesAsync(stream, far, Switch[..split]);
            await ComesAsync(stream, far, Switch[split..]);
            await SaidLastAsync(stream, far);
            Assert.Equal(0, await stream.ReadAsync(new byte[64]));
        }
    }

    [Theory]
    [InlineData(true, "HTTP/1.1 101")]
    [InlineData(true, "H", "T", "T", "P", "/", "1", ".", "1", " ", "1", "0", "1")]
    [InlineData(true, "HTTP/1.1 10", "1")]
    [InlineData(false, "HTTP/1.1 10")]
    [InlineData(false, "HTTP/1.1 10", "0")]
    [InlineData(false, "HTTP/1.1 1", "HTTP/1.1 101")]
    [InlineData(false, "HTTP/1.1 200", "HTTP/1.1 101")]
    [InlineData(false, "HTTP/1.1 1", "00", "01")]
    public async Task Only_its_first_bytes_show_one(bool isTunnel, params string[] parts)
    {
        var (near, far) = await PlainAsync();
        await using var stream = new UnrepeatedStream(near);
        await stream.WriteAsync(Request);
        foreach (var part in parts)
        {
            await ComesAsync(stream, far, part);
        }

        await SaidLastAsync(stream, far);
        if (isTunnel)
        {
            Assert.Equal(0, await stream.ReadAsync(new byte[64]));
        }
        else
        {
            await Assert.ThrowsAsync<HttpIOException>(() => stream.ReadAsync(new byte[64]).AsTask());
        }
    }

    [Fact]
    public async Task A_request_that_is_written_on_does_not_hide_a_tunnel()
    {
        var (near, far) = await PlainAsync();
        await using var stream = new UnrepeatedStream(near);
        await stream.WriteAsync(Request);
        await ComesAsync(stream, far, "HTTP/1.1 1");
        await stream.WriteAsync(Request);
        await ComesAsync(stream, far, "01 Switching");
        await SaidLastAsync(stream, far);
        Assert.Equal(0, await stream.ReadAsync(new byte[64]));
    }

    [Fact]
    public async Task Two_reads_at_a_time_both_end()
    {
        var (near, far) = await PlainAsync();
        await using var stream = new UnrepeatedStream(near);
        var (first, second) = (new byte[3], new byte[3]);
        var reading = stream.ReadAsync(first);
        var alongside = stream.ReadAsync(second);
        await far.WriteAsync("abcdef"u8.ToArray());
        Assert.Equal((3, 3), (await reading, await alongside));
        Assert.Equal("abcdef"u8, [.. first, .. second]);
        await ComesAsync(stream, far, "on");
    }

    [Fact]
    public async Task A_result_is_taken_once_and_not_before_it_is_there()
    {
        var (near, far) = await PlainAsync();
        await using var stream = new UnrepeatedStream(near);
        var reading = stream.ReadAsync(new byte[64]);
        Assert.Throws<InvalidOperationException>(() => Take(reading));
        await far.WriteAsync(Answer);
        Assert.Equal(Answer.Length, await reading);
        Assert.Throws<InvalidOperationException>(() => Take(reading));
        await ComesAsync(stream, far, "on");
    }

    [Fact]
    public async Task A_read_that_fails_says_why_and_the_next_one_waits_again()
    {
        var (near, far) = await PlainAsync();
        await using var stream = new UnrepeatedStream(near);
        using (var cancellation = new CancellationTokenSource())
        {
            var reading = stream.ReadAsync(new byte[64], cancellation.Token).AsTask();
            Assert.False(reading.IsCompleted);
            await cancellation.CancelAsync();
            var canceled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
            Assert.Equal((cancellation.Token, TaskStatus.Canceled), (canceled.CancellationToken, reading.Status));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stream.ReadAsync(new byte[64], cancellation.Token).AsTask());
        }

        await ComesAsync(stream, far, "on");
        var last = stream.ReadAsync(new byte[64]);
        ((NetworkStream)far).Socket.Close(0);
        var error = await Assert.ThrowsAsync<IOException>(() => last.AsTask());
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(error.InnerException).SocketErrorCode);
    }

    private static void Take(ValueTask<int> reading) => reading.GetAwaiter().GetResult();

    private static async Task ComesAsync(Stream stream, Stream far, string part)
    {
        if (part.Length > 0)
        {
            var reading = stream.ReadAsync(new byte[64]);
            Assert.False(reading.IsCompleted);
            await far.WriteAsync(Encoding.ASCII.GetBytes(part));
            Assert.Equal(part.Length, await reading);
        }
    }

    private static async Task SaidLastAsync(Stream stream, Stream far)
    {
        await stream.WriteAsync("said last"u8.ToArray());
        var (said, count) = (new byte[64], 0);
        while (said.AsSpan(0, count).IndexOf("said last"u8) < 0)
        {
            count += await far.ReadAsync(said.AsMemory(count));
        }

        ((NetworkStream)far).Socket.Shutdown(SocketShutdown.Send);
    }

    // Bytes per read in the best of several rounds, each read begun and waited for before the answer is sent.
    private static double Least((Stream Near, Stream Far)[] pairs)
    {
        const int Reads = 1024;
        using var ended = new AutoResetEvent(false);
        var (left, received, failed) = (0, new byte[64], 0);
        var exchanges = Array.ConvertAll(pairs, pair => new Exchange(pair.Near, count =>
        {
            failed += count == Answer.Length ? 0 : 1;
            if (Interlocked.Decrement(ref left) == 0)
            {
                ended.Set();
            }
        }));
        var least = double.MaxValue;
        for (var round = 0; round < 6; round++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            for (var i = 0; i < Reads / pairs.Length; i++)
            {
                left = pairs.Length;
                foreach (var exchange in exchanges)
                {
                    exchange.Begin();
                }

                foreach (var (_, far) in pairs)
                {
                    far.ReadExactly(received, 0, Request.Length);
                    far.Write(Answer);
                }

                ended.WaitOne();
            }

            least = Math.Min(least, (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Reads);
        }

        Assert.Equal(0, failed);
        return least;
    }

    private static async Task EndAsync((Stream Near, Stream Far)[] pairs)
    {
        foreach (var (near, far) in pairs)
        {
            await near.DisposeAsync();
            await far.DisposeAsync();
        }
    }

    private static async Task<(Stream Near, Stream Far)> PlainAsync()
    {
        var (client, server) = await UnrepeatedTests.PairAsync();
        return (new NetworkStream(client, ownsSocket: true), new NetworkStream(server, ownsSocket: true));
    }

    private static async Task<(Stream Near, Stream Far)> TlsAsync()
    {
        using var key = ECDsa.Create();
        using var certificate = new CertificateRequest("CN=d", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        var (client, server) = await PlainAsync();
        var (near, far) = (new SslStream(client), new SslStream(server));
        await Task.WhenAll(
            near.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "d", RemoteCertificateValidationCallback = (_, shown, _, _) => shown!.Equals(certificate) }),
            far.AuthenticateAsServerAsync(certificate));
        return (near, far);
    }

    /// <summary>Asks and reads the answer, as the client of a connection does, with nothing of its own per exchange.</summary>
    private sealed class Exchange
    {
        private readonly Stream _stream;
        private readonly Action<int> _ended;
        private readonly Action _end;
        private readonly byte[] _buffer = new byte[64];
        private ValueTask<int> _reading;

        public Exchange(Stream stream, Action<int> ended)
        {
            _stream = stream;
            _ended = ended;
            _end = End;
        }

        public void Begin()
        {
            var reading = _stream.ReadAsync(_buffer);
            _reading = reading;
            _reading.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(_end);
            Written(_stream.WriteAsync(Request));
        }

        private static void Written(ValueTask writing)
        {
            Assert.True(writing.IsCompletedSuccessfully);
            writing.GetAwaiter().GetResult();
        }

        private void End() => _ended(_reading.GetAwaiter().GetResult());
    }
}
