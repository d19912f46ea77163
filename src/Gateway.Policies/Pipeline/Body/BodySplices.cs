namespace BlazeGateway.Policies.Pipeline.Body;

/// <summary>Up to two changes the gateway makes to a body it forwards: the model's name, and the request for token counts. Everything between stays as it came.</summary>
internal struct BodySplices
{
    private Splice _first;
    private Splice _second;

    /// <summary>Changes noted.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes by which the body grows (or shrinks, negative).</summary>
    public readonly long Growth => (Count > 0 ? _first.Growth : 0) + (Count > 1 ? _second.Growth : 0);

    /// <summary>The change at <paramref name="index"/>, in order of offset.</summary>
    public readonly Splice this[int index] => index == 0 ? _first : _second;

    /// <summary>Notes that <paramref name="removed"/> bytes at <paramref name="offset"/> become <paramref name="inserted"/>.</summary>
    public void Add(long offset, int removed, ReadOnlyMemory<byte> inserted)
    {
        var splice = new Splice(offset, removed, inserted);
        if (Count == 0 || offset >= _first.Offset)
        {
            (Count == 0 ? ref _first : ref _second) = splice;
        }
        else
        {
            _second = _first;
            _first = splice;
        }

        Count++;
    }

    /// <summary>One change.</summary>
    internal readonly record struct Splice(long Offset, int Removed, ReadOnlyMemory<byte> Inserted)
    {
        public long Growth => Inserted.Length - Removed;
    }
}
