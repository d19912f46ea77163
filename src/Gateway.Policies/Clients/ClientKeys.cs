using System.Buffers;
using System.Collections.Frozen;
using System.Numerics;
using System.Text;

namespace BlazeGateway.Policies.Clients;

/// <summary>
/// Finds the client that holds a key. Keys are known by their SHA-256 alone. One that was found is recognised from then on by its keyed hash, which costs a
/// tenth. Only keys that were found are remembered so, and there are never more of these than keys were configured. Of keys that were not found the last ones
/// are remembered in a table of fixed size, because a client that has a wrong key sends it with every request.
/// </summary>
internal sealed class ClientKeys
{
    /// <summary>Longest key, characters. Anything longer is none, and is not hashed.</summary>
    public const int MaxLength = 256;

    /// <summary>Slots looked at for one key.</summary>
    private const int Probes = 4;

    /// <summary>Keys that were not found and are remembered; each pushes out the one before it in its slot.</summary>
    private const int Strangers = 1024;

    private readonly FrozenDictionary<KeyHash, Client> _byHash;
    private readonly KeyedHash _hash;
    private readonly Found?[] _found;
    private readonly ulong[] _strangers = new ulong[Strangers];

    /// <param name="clients">Clients by the hash of their key.</param>
    /// <param name="hash">Keyed hash of the keys' own, whose secret serves for nothing else.</param>
    public ClientKeys(IEnumerable<KeyValuePair<KeyHash, Client>> clients, KeyedHash hash)
    {
        _byHash = clients.ToFrozenDictionary();
        _hash = hash;
        _found = new Found?[(int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(_byHash.Count * 8, 64))];
    }

    /// <summary>Keys there are.</summary>
    public int Count => _byHash.Count;

    /// <summary>Keys recognised without SHA-256 from now on.</summary>
    internal int Remembered => _found.Count(found => found is not null);

    /// <summary>The client that holds <paramref name="key"/>; false when nobody does.</summary>
    public bool TryFind(ReadOnlySpan<char> key, out Client client)
    {
        client = default;
        if (key.Length > MaxLength)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[MaxLength];
        if (Ascii.FromUtf16(key, bytes, out var length) != OperationStatus.Done || bytes[..length].ContainsAnyExceptInRange((byte)'!', (byte)'~'))
        {
            return false;
        }

        bytes = bytes[..length];
        var tag = _hash.Compute(bytes);
        for (var i = 0; i < Probes; i++)
        {
            if (Volatile.Read(ref Slot(tag, i)) is not { } found)
            {
                break;
            }

            if (found.Tag == tag)
            {
                client = found.Client;
                return true;
            }
        }

        // Half of the hash is as good as a hash of 64 bits; the other half says where.
        ref var stranger = ref _strangers[(int)(tag >> 64) & (Strangers - 1)];
        var half = (ulong)tag;
        if (half != 0 && Volatile.Read(ref stranger) == half)
        {
            return false;
        }

        if (_byHash.TryGetValue(KeyHash.Of(bytes), out client))
        {
            return Remember(tag, client);
        }

        Volatile.Write(ref stranger, half);
        return false;
    }

    private bool Remember(UInt128 tag, in Client client)
    {
        // Threads that find the same key at the same time walk the same slots, so it is remembered once.
        var found = new Found(tag, client);
        for (var i = 0; i < Probes; i++)
        {
            if (Interlocked.CompareExchange(ref Slot(tag, i), found, null) is not { } other || other.Tag == tag)
            {
                return true;
            }
        }

        Volatile.Write(ref Slot(tag, Probes - 1), found);
        return true;
    }

    private ref Found? Slot(UInt128 tag, int probe) => ref _found[((int)tag + probe) & (_found.Length - 1)];

    private sealed class Found(UInt128 tag, Client client)
    {
        public UInt128 Tag { get; } = tag;

        public Client Client { get; } = client;
    }
}
