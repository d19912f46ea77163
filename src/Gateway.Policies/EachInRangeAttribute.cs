namespace BlazeGateway.Policies;

/// <summary>Limits of every value of a dictionary of whole numbers.</summary>
/// <param name="least">Least value.</param>
/// <param name="most">Most.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class EachInRangeAttribute(int least, int most) : Attribute
{
    /// <summary>Least value.</summary>
    public int Least => least;

    /// <summary>Most.</summary>
    public int Most => most;
}
