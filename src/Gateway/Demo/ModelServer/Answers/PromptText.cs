using System.Buffers;
using System.IO.Hashing;
using System.Text;
using BlazeGateway.Demo.ModelServer.Batching;

namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>Collects a prompt's bytes and cuts them into the engine's blocks. Four bytes are one token.</summary>
internal sealed class PromptText : IDisposable
{
    public const int BytesPerToken = 4;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(4096);
    private int _length;

    public int Bytes => _length;

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    public static int CountTokens(int bytes) => Math.Max(1, (bytes + BytesPerToken - 1) / BytesPerToken);

    public PromptText Append(ReadOnlySpan<byte> bytes)
    {
        if (_buffer.Length - _length < bytes.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _length + bytes.Length));
            Written.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
        return this;
    }

    /// <summary>Chained hashes of the full blocks; <paramref name="root"/> keeps models and cache salts apart.</summary>
    public ulong[] BlockHashes(ulong root, int blockTokens)
    {
        var size = blockTokens * BytesPerToken;
        var hashes = new ulong[_length / size];
        for (var i = 0; i < hashes.Length; i++)
        {
            root = XxHash3.HashToUInt64(_buffer.AsSpan(i * size, size), (long)root);
            hashes[i] = root;
        }

        return hashes;
    }

    public Prompt Build(ulong root, int blockTokens) =>
        new(CountTokens(_length), blockTokens == 0 ? [] : BlockHashes(root, blockTokens), XxHash3.HashToUInt64(Written, (long)root));

    public static ulong Root(string model, string? cacheSalt) =>
        XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(cacheSalt is null ? model : model + "\0" + cacheSalt));

    public void Dispose()
    {
        var buffer = _buffer;
        _buffer = [];
        _length = 0;
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
