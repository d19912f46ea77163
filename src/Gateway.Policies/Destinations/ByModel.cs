namespace BlazeGateway.Policies.Destinations;

/// <summary>
/// One value for each model, made when the model is first asked for. Beyond <see cref="Most"/> models a new one takes the place of one that nothing was learned
/// of, so that names that nobody answers to keep no place; when there is none, those that come later share a value. No lock; nothing allocated once a model is
/// known.
/// </summary>
/// <param name="make">Makes a value.</param>
/// <param name="isEmpty">Whether nothing was learned.</param>
internal sealed class ByModel<T>(Func<T> make, Func<T, bool> isEmpty)
    where T : class
{
    /// <summary>Most models told apart.</summary>
    public const int Most = 32;

    private T _others = make();
    private Entry[] _entries = [];

    /// <summary>The value of <paramref name="model"/>, a hash of its name; 0 stands for requests that name none.</summary>
    public T Of(ulong model)
    {
        foreach (var entry in Volatile.Read(ref _entries))
        {
            if (entry.Model == model)
            {
                return entry.Value;
            }
        }

        return Add(model);
    }

    /// <summary>The models asked for so far, with their values.</summary>
    public IEnumerable<(ulong Model, T Value)> Known => Volatile.Read(ref _entries).Select(static entry => (entry.Model, entry.Value));

    /// <summary>Forgets all of them.</summary>
    public void Clear()
    {
        Volatile.Write(ref _others, make());
        Volatile.Write(ref _entries, []);
    }

    private T Add(ulong model)
    {
        while (true)
        {
            var entries = Volatile.Read(ref _entries);
            if (Array.Find(entries, entry => entry.Model == model) is { } known)
            {
                return known.Value;
            }

            var place = entries.Length < Most ? entries.Length : Array.FindIndex(entries, entry => isEmpty(entry.Value));
            if (place < 0)
            {
                return Volatile.Read(ref _others);
            }

            var added = new Entry(model, make());
            if (Interlocked.CompareExchange(ref _entries, [.. entries[..place], added, .. entries[Math.Min(place + 1, entries.Length)..]], entries) == entries)
            {
                return added.Value;
            }
        }
    }

    private sealed record Entry(ulong Model, T Value);
}
