using BlazeGateway.Policies.Pipeline;

namespace BlazeGateway.Observability;

/// <summary>Where the access log's thread writes records. Used by one thread.</summary>
internal interface IAccessWriter
{
    /// <summary>Writes one record, now or at the next <see cref="Flush"/>.</summary>
    void Write(in AccessRecord record);

    /// <summary>Writes what is held back.</summary>
    void Flush();
}
